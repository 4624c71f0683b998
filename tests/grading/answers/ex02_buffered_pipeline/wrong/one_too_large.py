"""Makes the buffers one larger than they should be.

Fails: test_never_more_than_the_buffer_holds
"""

import asyncio

from pipeline_kit import Channel


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Channel(buffer_size + 1), Channel(buffer_size + 1)

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
