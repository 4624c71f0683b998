"""Reports errors in tasks of their own, and lets the loop go round once before it closes `errors`.

It goes well as long as tasks take turns in the order in which they were started.

Fails: test_the_sink_and_the_errors_are_closed
"""

import asyncio
from contextlib import suppress

from pipeline_kit import Channel


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    first, second = Channel(), Channel()

    async def start():
        async for item in source:
            yield item, item

    async def attempt(stage, value):
        for _ in range(attempts - 1):
            with suppress(Exception):
                return await stage(value)
        return await stage(value)

    async def work(inbox, stage, outbox):
        with outbox:
            async for item, value in inbox:
                try:
                    result = await attempt(stage, value)
                except Exception as error:
                    tasks.create_task(errors.send(item, error))
                else:
                    await outbox.send(result if outbox is sink else (item, result))

    async def finish():
        await work(second, stage3, sink)
        await asyncio.sleep(0)
        errors.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(start(), stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(finish())
