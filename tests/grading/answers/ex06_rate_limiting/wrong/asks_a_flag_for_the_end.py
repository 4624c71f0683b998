"""Asks a flag whether more will come; whoever waits already when it is raised waits for ever.

It goes well as long as work takes time, for then the flag is up before the next stage looks at it.

Fails: test_the_sink_is_closed
"""

import asyncio
import time


class Belt:
    """A queue, and what its reader needs to know: that items have begun to come, and the end."""

    def __init__(self):
        self.items, self.begun, self.over = asyncio.Queue(maxsize=1), asyncio.Event(), False

    async def put(self, item):
        await self.items.put(item)
        self.begun.set()

    def end(self):
        self.over = True
        self.begun.set()

    async def has_more(self):
        await self.begun.wait()
        return not (self.over and self.items.empty())


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    if rate <= 0 or burst < 1:
        raise ValueError(f"rate must be above 0 and burst 1 or more, got {rate} and {burst}")

    first, second = Belt(), Belt()

    async def one():
        full_at = time.monotonic()
        async for item in source:
            full_at = max(full_at, time.monotonic())
            early = full_at - (burst - 1) / rate
            if early > time.monotonic():
                await asyncio.sleep(early - time.monotonic())
            full_at += 1 / rate
            await first.put(await stage1(item))
        first.end()

    async def two():
        while await first.has_more():
            await second.put(await stage2(await first.items.get()))
        second.end()

    async def three():
        while await second.has_more():
            await sink.send(await stage3(await second.items.get()))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
