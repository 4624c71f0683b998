"""Gives each buffer the size `high`, and does not see that they add up.

Fails: test_never_more_than_high_on_the_way
"""

import asyncio

from pipeline_kit import Channel


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    first, second = Channel(high), Channel(high)

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
