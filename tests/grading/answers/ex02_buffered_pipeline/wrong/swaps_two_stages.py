"""Stage 2 comes before stage 1.

Fails: test_it_is_a_pipeline
"""

import asyncio

from pipeline_kit import Channel


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Channel(buffer_size), Channel(buffer_size)

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage2, first))
        tasks.create_task(work(first, stage1, second))
        tasks.create_task(work(second, stage3, sink))
