"""Takes the first item by hand, although there may be none.

Fails: test_empty_sources_and_odd_items
"""

import asyncio

from pipeline_kit import Channel


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Channel(buffer_size), Channel(buffer_size)

    async def one():
        with first:
            await first.send(await stage1(await anext(source)))
            async for item in source:
                await first.send(await stage1(item))

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one())
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
