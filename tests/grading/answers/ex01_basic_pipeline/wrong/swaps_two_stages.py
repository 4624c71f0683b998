"""Stage 2 comes before stage 1.

Fails: test_items_pass_the_stages_in_order
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage2, first))
        tasks.create_task(work(first, stage1, second))
        tasks.create_task(work(second, stage3, sink))
