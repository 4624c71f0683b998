import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns.metrics import Metrics, Monitor
from pipeline_kit.patterns.prometheus import PipelineCollector, serve


def parse(item: int) -> int:
    if item % 10 == 3:
        raise ValueError(item)
    return item


def pipeline() -> Pipeline:
    return Pipeline(
        Stage(parse, buffer=5, layers=[Metrics()], on_error=lambda error: None),
        Stage(str, name="store", workers=2, layers=[Metrics()]),
    )


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the samples of an exposition by name and values of the labels."""
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        answer: str = response.read().decode()
        return answer


async def test_a_snapshot_is_exposed_in_prometheus_terms() -> None:
    async def slow(item: int) -> int:
        await asyncio.sleep(2)
        return parse(item)

    stage = Stage(slow, workers=2, buffer=4, layers=[Metrics()], on_error=lambda error: None)
    registry = CollectorRegistry()
    async with Pipeline(stage, buffer=9).run(range(6)) as run:
        registry.register(PipelineCollector(Monitor(run)))
        await asyncio.sleep(5)
        seen = samples(generate_latest(registry).decode())
    assert seen["pipeline_elapsed_seconds",] == 5
    assert seen["pipeline_workers", "slow"] == 2
    assert seen["pipeline_items_taken_total", "slow"] == 6
    assert seen["pipeline_calls_completed_total", "slow"] == 3
    assert seen["pipeline_calls_failed_total", "slow", "ValueError"] == 1
    assert seen["pipeline_calls_in_flight", "slow"] == 2
    assert seen["pipeline_working_seconds_total", "slow"] == 10
    assert seen["pipeline_queue_peak_items", "slow"] == 4
    assert seen["pipeline_utilisation_ratio", "slow"] == 1
    assert seen["pipeline_latency_seconds", "0.99", "slow"] == pytest.approx(2, rel=0.0101)
    assert seen["pipeline_latency_seconds_count", "slow"] == 3
    assert seen["pipeline_latency_seconds_sum", "slow"] == 6


def test_it_is_served_over_http_until_the_block_is_left() -> None:
    async def main() -> tuple[int, str]:
        async with pipeline().run(range(30)) as run, serve(Monitor(run)) as port:
            assert len([result async for result in run]) == 27
            return port, await asyncio.to_thread(get, f"http://127.0.0.1:{port}/metrics")

    port, text = asyncio.run(main())
    assert samples(text)["pipeline_calls_completed_total", "store"] == 27
    with pytest.raises(OSError, match="refused"):
        get(f"http://127.0.0.1:{port}/metrics")


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    async def main(port: int) -> None:
        async with pipeline().run([]) as run:
            with pytest.raises(OSError, match="in use"):
                async with serve(Monitor(run), port=port):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as taken:
        asyncio.run(main(taken.getsockname()[1]))


def test_a_blocked_event_loop_fails_the_scrape_with_a_hint() -> None:
    async def main() -> None:
        async with pipeline().run([]) as run:
            collector = PipelineCollector(Monitor(run), patience=0.01)
            with ThreadPoolExecutor() as pool:
                scrape = pool.submit(list, collector.collect())
                with pytest.raises(TimeoutError, match=r"for 0\.01 s: does a stage block it\?"):
                    scrape.result()  # this is the fault: nothing else can run meanwhile

    asyncio.run(main())


def test_after_the_loop_has_closed_the_last_state_can_be_read() -> None:
    async def main() -> PipelineCollector:
        async with pipeline().run(range(30)) as run:
            collector = PipelineCollector(Monitor(run))
            _ = [result async for result in run]
        return collector

    registry = CollectorRegistry()
    registry.register(asyncio.run(main()))
    seen = samples(generate_latest(registry).decode())
    assert seen["pipeline_calls_completed_total", "store"] == 27


def test_an_impossible_patience_is_refused() -> None:
    async def main() -> None:
        async with pipeline().run([]) as run:
            with pytest.raises(ValueError, match="patience must be above 0 seconds, got 0"):
                PipelineCollector(Monitor(run), patience=0)

    virtual_time.run(main)


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "pipeline_kit.patterns.prometheus")
    with pytest.raises(ModuleNotFoundError, match="pip install prometheus-client"):
        import pipeline_kit.patterns.prometheus  # noqa: F401 - importing it is the test


needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None,
    reason="needs a Prometheus server: apt-get install prometheus",
)


@contextmanager
def prometheus_server(folder: Path, target: int) -> Iterator[str]:
    """Start a Prometheus server that scrapes a port of this machine; gives the server's URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    job = {"job_name": "test", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
    settings = {"global": {"scrape_interval": "100ms"}, "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(json.dumps(settings))  # JSON is YAML
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield f"http://{address}"
        finally:
            server.terminate()


def query(server: str, expression: str) -> dict[str, float]:
    """Ask the server, until it has an answer; return the values by stage."""
    url = f"{server}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            result: list[Any] = json.loads(get(url))["data"]["result"]
        except OSError:  # it is still starting
            result = []
        if result:
            return {one["metric"].get("stage", ""): float(one["value"][1]) for one in result}
        time.sleep(0.1)
    raise AssertionError(f"no answer to {expression!r} in 60 s")


@needs_prometheus
def test_a_real_prometheus_server_scrapes_it_and_answers_queries(tmp_path: Path) -> None:
    async def main() -> None:
        async with pipeline().run(range(30)) as run, serve(Monitor(run)) as port:
            _ = [result async for result in run]
            await asyncio.to_thread(ask, port)

    def ask(port: int) -> None:
        with prometheus_server(tmp_path, port) as server:
            assert query(server, "pipeline_calls_completed_total") == {"parse": 27, "store": 27}
            assert query(server, "pipeline_calls_failed_total{type='ValueError'}") == {"parse": 3}
            assert query(server, "pipeline_queue_capacity_items") == {"parse": 5, "store": 0}
            assert query(server, "pipeline_workers == 2") == {"store": 2}
            p99 = query(server, "pipeline_latency_seconds{quantile='0.99'}")
            assert all(0 < seconds < 1 for seconds in p99.values())
            failed = "sum by (stage) (pipeline_calls_failed_total)"
            rate = f"{failed} / ({failed} + sum by (stage) (pipeline_calls_completed_total))"
            assert query(server, rate) == {"parse": 0.1}
            assert query(server, "up") == {"": 1}

    asyncio.run(main())
