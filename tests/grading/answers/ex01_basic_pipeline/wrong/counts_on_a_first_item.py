"""Takes the first item by hand, although there may be none.

Fails: test_an_empty_source_is_no_problem
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def one():
        with first:
            await first.send(await stage1(await anext(source)))
            async for item in source:
                await first.send(await stage1(item))

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one())
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
