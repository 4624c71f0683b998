"""asyncio.wait does not cancel the tasks that it waits for.

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

    tasks = [
        asyncio.create_task(work(source, stage1, first)),
        asyncio.create_task(work(first, stage2, second)),
        asyncio.create_task(work(second, stage3, sink)),
    ]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()
