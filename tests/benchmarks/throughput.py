"""Items per second through three stages: the kit, and the same by hand on asyncio.Queue."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

from pipeline_kit import Pipeline, Stage

ITEMS = 1_000_000
BUFFER = 100
PAIRS = 3
END = object()


def plain(item: int) -> int:
    return item + 1


async def asynchronous(item: int) -> int:
    return item + 1


async def with_the_kit(function: Callable[[int], Any]) -> None:
    stages = [Stage(function, name=f"stage {number}", buffer=BUFFER) for number in range(3)]
    count = 0
    async with Pipeline(*stages, buffer=BUFFER).run(range(ITEMS)) as run:
        async for _ in run:
            count += 1
    assert count == ITEMS == run.metrics[2].passed_on
    assert all(stage.queue.peak_depth <= BUFFER for stage in run.metrics)


async def by_hand(function: Callable[[int], Any]) -> None:
    queues: list[asyncio.Queue[Any]] = [asyncio.Queue(BUFFER) for _ in range(4)]
    is_async = function is asynchronous

    async def feed() -> None:
        for item in range(ITEMS):
            await queues[0].put(item)
        await queues[0].put(END)

    async def stage(inbox: asyncio.Queue[Any], outbox: asyncio.Queue[Any]) -> None:
        while (item := await inbox.get()) is not END:
            await outbox.put(await function(item) if is_async else function(item))
        await outbox.put(END)

    async with asyncio.TaskGroup() as group:
        group.create_task(feed())
        for inbox, outbox in pairwise(queues):
            group.create_task(stage(inbox, outbox))
        count = 0
        while await queues[3].get() is not END:
            count += 1
    assert count == ITEMS


def seconds(
    run: Callable[[Any], Coroutine[Any, Any, None]], function: Callable[[int], Any]
) -> float:
    began = perf_counter()
    asyncio.run(run(function))
    return perf_counter() - began


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield for plain and async functions: what, the figure, and the target."""
    for function, target in ((plain, "4 x"), (asynchronous, "3 x")):
        pairs = [
            (seconds(with_the_kit, function), seconds(by_hand, function)) for _ in range(PAIRS)
        ]
        ratio = median(hand / kit for kit, hand in pairs)
        rate = ITEMS / median(kit for kit, _ in pairs)
        what = f"three {function.__name__} stages against asyncio.Queue by hand"
        yield what, f"{ratio:.2f} x ({rate:,.0f}/s)", f"at least {target}"
