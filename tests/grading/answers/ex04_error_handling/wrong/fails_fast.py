"""The answer to exercise 1: the first error ends everything.

Fails: test_the_others_go_on
"""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
    errors.close()
