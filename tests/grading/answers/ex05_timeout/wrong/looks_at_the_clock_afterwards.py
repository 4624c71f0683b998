"""Measures how long a stage took, and throws away what came too late.

Fails: test_late_work_is_cut_off
"""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_timeout(
    source, stage1, stage2, stage3, sink, errors, stage_timeout, deadline
):
    first, second, third = Channel(), Channel(), Channel()

    async def start():
        async for item in source:
            yield item, item

    async def work(inbox, stage, outbox):
        with outbox:
            async for item, value in inbox:
                begun = asyncio.get_running_loop().time()
                result = await stage(value)
                if asyncio.get_running_loop().time() - begun > stage_timeout:
                    await errors.send(item, TimeoutError())
                else:
                    await outbox.send((item, result))

    async def finish():
        with sink:
            async for _, result in third:
                await sink.send(result)

    with errors:
        async with asyncio.timeout(deadline), asyncio.TaskGroup() as tasks:
            tasks.create_task(work(start(), stage1, first))
            tasks.create_task(work(first, stage2, second))
            tasks.create_task(work(second, stage3, third))
            tasks.create_task(finish())
