"""Closes the sink as soon as the source has ended.

Fails: test_the_sink_is_closed
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        async for item in inbox:
            await outbox.send(await stage(item))
        if inbox is source:
            sink.close()
        if outbox is not sink:
            outbox.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
