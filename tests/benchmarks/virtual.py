"""Virtual time: timer events per second, and an hour of a pipeline."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

from pipeline_kit import Pipeline, Stage, virtual_time

TIMERS = 200_000


async def sleep_often() -> None:
    for _ in range(TIMERS):
        await asyncio.sleep(1)


async def an_hour(record: bool) -> float:
    async def source() -> AsyncIterator[int]:
        for item in range(3600):
            yield item
            await asyncio.sleep(1)

    async def work(item: int) -> int:
        await asyncio.sleep(0.5)
        return item

    stages = [Stage(work, name=f"stage {number}", buffer=10) for number in range(3)]
    async with Pipeline(*stages).run(source(), record=record) as run:
        async for _ in run:
            pass
    return asyncio.get_running_loop().time()


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    began = perf_counter()
    virtual_time.run(sleep_often)
    yield "timer events in virtual time", f"{TIMERS / (perf_counter() - began):,.0f}/s", "50,000/s"
    for record in (False, True):
        began = perf_counter()
        end = virtual_time.run(lambda record=record: an_hour(record))
        assert end >= 3600
        what = f"an hour of three stages, one item a second{', recorded' if record else ''}"
        yield what, f"{perf_counter() - began:.2f} s", "under 1 s"
