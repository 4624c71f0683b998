"""Never closes the sink.

Fails: test_the_sink_is_closed
"""

import asyncio

from pipeline_kit import Channel


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Channel(buffer_size), Channel(buffer_size)

    async def work(inbox, stage, outbox):
        async for item in inbox:
            await outbox.send(await stage(item))
        if outbox is not sink:
            outbox.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
