"""Reads the source into a queue that has no bound.

Fails: test_items_flow_as_they_come
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    read = Channel(float("inf"))

    async def reader():
        with read:
            async for item in source:
                await read.send(item)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reader())
        tasks.create_task(work(read, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
