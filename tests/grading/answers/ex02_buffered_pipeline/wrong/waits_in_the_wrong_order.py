"""Waits for the first task first, which is blocked for ever when a later one fails.

Fails: test_errors_reach_the_caller
"""

import asyncio

from pipeline_kit import Channel


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Channel(buffer_size), Channel(buffer_size)

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    tasks = [
        asyncio.create_task(work(source, stage1, first)),
        asyncio.create_task(work(first, stage2, second)),
        asyncio.create_task(work(second, stage3, sink)),
    ]
    try:
        for task in tasks:
            await task
    finally:
        for task in tasks:
            task.cancel()
