"""Takes a cancellation for a normal end.

Fails: test_cancellation_ends_everything
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work(source, stage1, first))
            tasks.create_task(work(first, stage2, second))
            tasks.create_task(work(second, stage3, sink))
    except asyncio.CancelledError:
        pass
