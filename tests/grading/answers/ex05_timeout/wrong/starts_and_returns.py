"""The listing of the tutorial: the time limit ends as soon as the tasks are started.

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

    async with asyncio.timeout(deadline):  # noqa: ASYNC100 - that is what is wrong
        for task in (
            work(start(), stage1, first),
            work(first, stage2, second),
            work(second, stage3, third),
            finish(),
        ):
            asyncio.create_task(task)  # noqa: RUF006 - likewise
