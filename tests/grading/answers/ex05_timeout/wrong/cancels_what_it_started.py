"""The listing of the tutorial, cleaning up: what it started is dead before the first item.

Fails: test_every_item_comes_out_once
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
                try:
                    async with asyncio.timeout(stage_timeout):
                        result = await stage(value)
                except TimeoutError as error:
                    await errors.send(item, error)
                else:
                    await outbox.send((item, result))

    async def finish():
        with sink:
            async for _, result in third:
                await sink.send(result)

    started = [
        asyncio.create_task(work(start(), stage1, first)),
        asyncio.create_task(work(first, stage2, second)),
        asyncio.create_task(work(second, stage3, third)),
        asyncio.create_task(finish()),
    ]
    try:
        async with asyncio.timeout(deadline):
            await asyncio.sleep(0)
    finally:
        for task in started:
            task.cancel()
