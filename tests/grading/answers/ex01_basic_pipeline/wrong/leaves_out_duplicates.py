"""Keeps a set of what it has seen.

Fails: test_any_value_is_an_item
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    seen = set()

    async def one():
        with first:
            async for item in source:
                if item not in seen:
                    seen.add(item)
                    await first.send(await stage1(item))

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one())
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
