"""Passes on only when the buffer is full, or nothing more comes.

Fails: test_the_stages_overlap
"""

import asyncio

from pipeline_kit import Channel


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Channel(buffer_size), Channel(buffer_size)

    async def work(inbox, stage, outbox):
        with outbox:
            batch = []
            async for item in inbox:
                batch.append(await stage(item))
                if len(batch) >= buffer_size:
                    for result in batch:
                        await outbox.send(result)
                    batch.clear()
            for result in batch:
                await outbox.send(result)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
