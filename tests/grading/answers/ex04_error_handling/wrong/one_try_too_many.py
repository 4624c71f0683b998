"""Counts repeated tries, so there is one more try than allowed.

Fails: test_a_stage_that_fails_is_tried_again
"""

import asyncio
from contextlib import suppress

from pipeline_kit import Channel


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    first, second, third = Channel(), Channel(), Channel()

    async def start():
        async for item in source:
            yield item, item

    async def attempt(stage, value):
        for _ in range(attempts):
            with suppress(Exception):
                return await stage(value)
        return await stage(value)

    async def work(inbox, stage, outbox):
        with outbox:
            async for item, value in inbox:
                try:
                    result = await attempt(stage, value)
                except Exception as error:
                    await errors.send(item, error)
                else:
                    await outbox.send((item, result))

    async def finish():
        with sink:
            async for _, result in third:
                await sink.send(result)

    with errors:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work(start(), stage1, first))
            tasks.create_task(work(first, stage2, second))
            tasks.create_task(work(second, stage3, third))
            tasks.create_task(finish())
