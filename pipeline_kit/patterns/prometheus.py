"""Metrics for Prometheus: a running pipeline, served over HTTP for a Prometheus server to scrape.

Numbers on a screen are gone tomorrow. Prometheus asks for them every few seconds, keeps them, draws
them and raises alarms.

    async with pipeline.run(urls) as run:
        async with serve(Monitor(run), port=9000):
            ...                                    # http://127.0.0.1:9000/metrics

Nothing is counted twice: whenever the server asks, a snapshot is taken and translated. Where an
application has a registry of its own, `registry.register(PipelineCollector(monitor))` adds to it.

Needs the package `prometheus_client`. For a look at the numbers while developing, a snapshot
prints as a table; that needs none of this.
"""

import asyncio
import concurrent.futures
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

from pipeline_kit.patterns.metrics import Monitor
from pipeline_kit.patterns.snapshots import RunSnapshot, StageSnapshot

try:
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "pipeline_kit.patterns.prometheus needs the package prometheus_client: "
        "pip install prometheus-client"
    ) from missing


@asynccontextmanager
async def serve(
    monitor: Monitor, *, port: int = 0, address: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serve the metrics of a run over HTTP while the block lasts; gives the port.

    Args:
        monitor: where the metrics come from.
        port: the port to listen on; 0 for any that is free.
        address: the address to listen on; by default only this machine can ask, "0.0.0.0" lets
            others too.

    Raises:
        OSError: the port is taken.
    """
    registry = CollectorRegistry()
    registry.register(PipelineCollector(monitor))
    server, thread = start_http_server(port, address, registry)
    try:
        yield server.server_port
    finally:
        await asyncio.to_thread(server.shutdown)  # takes up to half a second
        server.server_close()
        thread.join()


class PipelineCollector(Collector):
    """Gives `prometheus_client` the metrics of a run; make it inside the run's block.

    It may be asked from any thread: the snapshot is taken on the run's event loop, between two
    steps of its tasks.

    Args:
        monitor: where the metrics come from.
        patience: seconds to wait for the event loop; if it is busy for longer, the scrape fails
            with a `TimeoutError`.

    Raises:
        ValueError: `patience` is not above 0.
    """

    def __init__(self, monitor: Monitor, *, patience: float = 5.0) -> None:
        if not patience > 0:
            raise ValueError(f"patience must be above 0 seconds, got {patience!r}")
        self._monitor = monitor
        self._patience = patience
        self._loop = asyncio.get_running_loop()

    def collect(self) -> Iterator[Metric]:
        """Take a snapshot and translate it into Prometheus's terms."""
        snapshot = self._snapshot()
        yield _gauge("elapsed_seconds", "Since monitoring began.", [((), snapshot.elapsed)])
        for name, text, value in _COUNTERS:
            counter = CounterMetricFamily(f"pipeline_{name}", text, labels=["stage"])
            for stage in snapshot.stages:
                counter.add_metric([stage.name], value(stage))
            yield counter
        for name, text, value in _GAUGES:
            samples = [((stage.name,), value(stage)) for stage in snapshot.stages]
            yield _gauge(name, text, samples, "stage")
        yield _errors(snapshot)
        yield _latency(snapshot)
        limits = [((name,), share) for name, share in snapshot.utilisation.items()]
        text = "Share of the time since monitoring began spent working; the bottleneck has most."
        yield _gauge("utilisation_ratio", text, limits, "stage")

    def _snapshot(self) -> RunSnapshot:
        answer: concurrent.futures.Future[RunSnapshot] = concurrent.futures.Future()
        if self._loop.is_closed() or _current_loop() is self._loop:
            return self._monitor.snapshot()
        self._loop.call_soon_threadsafe(lambda: answer.set_result(self._monitor.snapshot()))
        try:
            return answer.result(self._patience)
        except TimeoutError:
            problem = f"the event loop of the pipeline has been busy for {self._patience} s"
            raise TimeoutError(f"{problem}: does a stage block it?") from None


_Value = Callable[[StageSnapshot], float]

_COUNTERS: list[tuple[str, str, _Value]] = [
    ("items_taken", "Items taken from the queue.", lambda s: s.queue.received),
    ("calls_completed", "Calls that returned a result.", lambda s: s.calls.completed),
    ("calls_cancelled", "Calls that were cancelled.", lambda s: s.calls.cancelled),
    ("working_seconds", "Time of workers spent working.", lambda s: s.calls.worked),
    ("starved_seconds", "Time of workers spent waiting for items.", lambda s: s.starved),
    ("blocked_seconds", "Time of workers spent waiting for room.", lambda s: s.blocked),
]

_GAUGES: list[tuple[str, str, _Value]] = [
    ("workers", "Workers of the stage.", lambda s: s.workers),
    ("calls_in_flight", "Calls that go on.", lambda s: s.calls.in_flight),
    ("queue_depth_items", "Items in front of the stage.", lambda s: s.queue.depth),
    ("queue_peak_items", "The most there have been.", lambda s: s.queue.peak_depth),
    ("queue_capacity_items", "The most there may be.", lambda s: s.queue.capacity),
]

_Samples = Sequence[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, samples: _Samples, *labels: str) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"pipeline_{name}", text, labels=labels)
    for values, sample in samples:
        gauge.add_metric(values, sample)
    return gauge


def _errors(snapshot: RunSnapshot) -> CounterMetricFamily:
    text = "Calls that failed, by type of exception."
    counter = CounterMetricFamily("pipeline_calls_failed", text, labels=["stage", "type"])
    for stage in snapshot.stages:
        for kind, count in stage.calls.errors.items():
            counter.add_metric([stage.name, kind], count)
    return counter


def _latency(snapshot: RunSnapshot) -> Metric:
    """Return latencies as a summary: quantiles, each right to within the layer's accuracy."""
    summary = Metric("pipeline_latency_seconds", "Of calls that returned a result.", "summary")
    for stage in snapshot.stages:
        labels, latency = {"stage": stage.name}, stage.calls.latency
        for q in (0.5, 0.95, 0.99):
            quantile = {**labels, "quantile": str(q)}
            summary.add_sample("pipeline_latency_seconds", quantile, latency.quantile(q))
        summary.add_sample("pipeline_latency_seconds_count", labels, latency.count)
        summary.add_sample("pipeline_latency_seconds_sum", labels, latency.total)
    return summary


def _current_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
