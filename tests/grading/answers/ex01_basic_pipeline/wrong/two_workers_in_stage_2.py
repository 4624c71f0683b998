"""A second worker helps stage 2 out.

Fails: test_a_stage_works_on_one_item_at_a_time
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        async for item in inbox:
            await outbox.send(await stage(item))

    async def two_workers():
        with second:
            async with asyncio.TaskGroup() as workers:
                workers.create_task(work(first, stage2, second))
                workers.create_task(work(first, stage2, second))

    async def one():
        with first:
            await work(source, stage1, first)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one())
        tasks.create_task(two_workers())
        tasks.create_task(work(second, stage3, sink))
    sink.close()
