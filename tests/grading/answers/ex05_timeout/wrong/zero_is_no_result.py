"""Takes a result of 0 for none.

Fails: test_empty_sources_and_odd_items
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
                result = None
                try:
                    async with asyncio.timeout(stage_timeout):
                        result = await stage(value)
                except TimeoutError as error:
                    await errors.send(item, error)
                if result:
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
