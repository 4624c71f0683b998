"""Collects all items before it starts.

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

    everything = [item async for item in source]

    async def one():
        with first:
            for item in everything:
                await first.send(await stage1(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one())
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
