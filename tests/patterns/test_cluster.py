"""A stage past one machine: its executor is a Dask cluster, of which one worker is killed."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import distributed
import pytest

from pipeline_kit import Pipeline, Stage, StageError

PATIENCE = 60
"""Seconds of real time after which a test is given up; they take about three."""


@contextmanager
def started(program: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of Dask's programs as long as the block."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--no-dashboard", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Any, list[subprocess.Popen[bytes]]]]:
    """Give a client of a scheduler with two workers, all of them processes on this machine."""
    address = tmp_path / "scheduler.json"
    local = ("--host", "127.0.0.1")
    alone = (*local, "--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
    with ExitStack() as stack:
        stack.enter_context(
            started("scheduler", *local, "--port", "0", "--scheduler-file", str(address))
        )
        workers = [
            stack.enter_context(started("worker", *alone, "--scheduler-file", str(address)))
            for _ in range(2)
        ]
        client = stack.enter_context(
            distributed.Client(scheduler_file=str(address), timeout=PATIENCE)
        )
        client.wait_for_workers(2, timeout=PATIENCE)
        yield client, workers


def test_nothing_is_lost_when_a_worker_is_killed(cluster: Any, tmp_path: Path) -> None:
    client, workers = cluster
    victim, taken = workers[0].pid, tmp_path / "taken"

    def work(item: int) -> tuple[int, int]:
        if os.getpid() == victim:
            taken.touch()
            time.sleep(2 * PATIENCE)  # holds its item until it is killed
        return item, os.getpid()

    async def main() -> list[tuple[int, int]]:
        stage = Stage(work, workers=4, executor=client.get_executor(), ordered=True)
        async with asyncio.timeout(PATIENCE), Pipeline(stage).run(range(50)) as run:
            while not taken.exists():
                await asyncio.sleep(0.01)
            workers[0].kill()
            return [result async for result in run]

    assert asyncio.run(main()) == [(item, workers[1].pid) for item in range(50)]


def test_an_error_on_the_cluster_names_stage_and_item(cluster: Any) -> None:
    client, _ = cluster

    def inverse(item: int) -> float:
        return 1 / item

    stage = Stage(inverse, executor=client.get_executor())
    with pytest.raises(StageError, match="stage 'inverse' failed on item 0: ZeroDivisionError"):
        asyncio.run(Pipeline(stage).collect([1, 0]))
