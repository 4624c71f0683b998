"""Metrics: what each stage does and how fast, while it runs; and which stage limits the run.

A pipeline that is slow does not say where. Sums of durations do not either: it takes counts,
errors, the spread of the durations, and above all where workers wait, and for what:

    ──▶ [ queue ] ──▶ worker ──▶ [ queue behind ] ──▶
          empty:      working       full:
        it starves                it is blocked

The workers of the bottleneck hardly ever wait; those before it are blocked, those behind it starve.

    pipeline = Pipeline(
        Stage(fetch, workers=4, layers=[Metrics()]),
        Stage(parse, layers=[Metrics()]),
    )
    async with pipeline.run(urls) as run:
        monitor = Monitor(run)
        async for result in run:
            ...
        print(monitor.snapshot())

A `Metrics` layer counts the calls of its stage. The waiting is known to the channels anyway, so a
run without metrics pays nothing. As the first layer it measures the stage with all that its other
layers add, such as retries; as the last one the bare function.

For the story of every single item, record a `Trace` instead; that takes memory for each.
"""

import asyncio
from collections import Counter
from typing import Any

from pipeline_kit.layer import Function, invoke
from pipeline_kit.patterns.histogram import Histogram
from pipeline_kit.patterns.snapshots import Calls, RunSnapshot, StageSnapshot
from pipeline_kit.pipeline import Pipeline, Run


class Metrics:
    """A layer that counts and times calls.

    Args:
        accuracy: the greatest relative error of the latency's quantiles; 0.01 is one per cent.

    Raises:
        ValueError: `accuracy` is not between 0 and 1.
    """

    def __init__(self, accuracy: float = 0.01) -> None:
        self._latency = Histogram(accuracy)
        self._errors: Counter[str] = Counter()
        self._cancelled = 0
        self._in_flight = 0
        self._worked = 0.0
        self._changed_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item`; count and time it, however it ends."""
        loop = self._loop = asyncio.get_running_loop()
        start = loop.time()
        self._change(1, start)
        try:
            result = await invoke(function, item)
        except Exception as error:
            self._errors[type(error).__name__] += 1
            raise
        except BaseException:
            self._cancelled += 1
            raise
        else:
            self._latency.record(loop.time() - start)
            return result
        finally:
            self._change(-1, loop.time())

    def calls(self) -> Calls:
        """Return what has been counted so far, in all runs that use this layer."""
        now = self._loop.time() if self._loop else 0.0
        return Calls(
            in_flight=self._in_flight,
            errors=self._errors.copy(),
            cancelled=self._cancelled,
            worked=self._worked + self._in_flight * (now - self._changed_at),
            latency=self._latency.copy(),
        )

    def _change(self, by: int, now: float) -> None:
        """Let one call more or less be in flight, and add up the time since the last change."""
        self._worked += self._in_flight * (now - self._changed_at)
        self._changed_at = now
        self._in_flight += by


class Monitor:
    """Takes snapshots of a run, each stage of which has a `Metrics` layer of its own.

    A snapshot counts from when the monitor was made: make it first thing in the run's block. The
    layers belong to the pipeline; if it runs twice at the same time, they count the calls of both.

    Args:
        run: the run, begun by `async with`.

    Raises:
        RuntimeError: the run has not begun.
        ValueError: a stage has no `Metrics` layer, or that of another stage.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._layers = _metrics_layers(run.pipeline)
        self._start = self._totals()

    def snapshot(self) -> RunSnapshot:
        """Return how the stages stand at this moment, and their totals since the start.

        Take the last one inside the run's block: time goes on when the run has ended. What happened
        between two snapshots is their difference, `later - earlier`.
        """
        return self._totals() - self._start

    def _totals(self) -> RunSnapshot:
        now, metrics = self._loop.time(), self._run.metrics
        first, last = metrics[0].queue, metrics[-1].behind
        return RunSnapshot(
            elapsed=now,  # of which the difference of two is what counts
            stages=tuple(
                StageSnapshot(
                    name=stage.name,
                    workers=stage.workers,
                    elapsed=now,
                    calls=layer.calls(),
                    starved=stage.queue.receivers_waited,
                    blocked=stage.behind.senders_waited,
                    queue=stage.queue,
                )
                for stage, layer in zip(metrics, self._layers, strict=True)
            ),
            source_blocked=first.senders_waited,
            source_ended=first.closed,
            sink_starved=last.receivers_waited,
        )


def _metrics_layers(pipeline: Pipeline) -> list[Metrics]:
    found: list[Metrics] = []
    for stage in pipeline.stages:
        layer = next((layer for layer in stage.layers if isinstance(layer, Metrics)), None)
        if layer is None or layer in found:
            problem = "shares its Metrics layer with another" if layer else "has no Metrics layer"
            raise ValueError(f"stage {stage.name!r} {problem}: give it layers=[Metrics(), …]")
        found.append(layer)
    return found
