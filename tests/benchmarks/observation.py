"""What it costs a pipeline to be watched: the live picture's monitor against nobody looking."""

import asyncio
from collections.abc import Iterator
from statistics import median
from time import process_time  # at full speed; so what else the machine does is not in it
from typing import Any

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import watch

ITEMS = 1_000_000
PAIRS = 5


def add_one(item: int) -> int:
    return item + 1


def make(knobs: Any = None) -> tuple[Pipeline, range]:
    stages = [Stage(add_one, name=f"stage {number}", buffer=100) for number in range(3)]
    return Pipeline(*stages, buffer=100), range(ITEMS)


async def unwatched() -> float:
    began = process_time()
    pipeline, source = make()
    assert len(await pipeline.collect(source)) == ITEMS
    return process_time() - began


async def watched() -> float:
    view = watch(make)
    began = process_time()
    assert len(await view.finished()) == ITEMS
    return process_time() - began


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    pairs = [(asyncio.run(unwatched()), asyncio.run(watched())) for _ in range(PAIRS)]
    lost = median(1 - alone / seen for alone, seen in pairs)
    yield "throughput lost to being watched, at full speed", f"{100 * lost:.1f} %", "at most 5 %"
