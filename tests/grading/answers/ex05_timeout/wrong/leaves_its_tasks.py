"""Waits until the deadline, and leaves its tasks where they are.

Fails: test_the_deadline_ends_the_run
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

    with errors:
        tasks = [
            asyncio.create_task(work(start(), stage1, first)),
            asyncio.create_task(work(first, stage2, second)),
            asyncio.create_task(work(second, stage3, third)),
            asyncio.create_task(finish()),
        ]
        try:
            done, late = await asyncio.wait(
                tasks, timeout=deadline, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in done:
                task.result()
            if late:
                raise TimeoutError
        except TimeoutError:
            raise
        except BaseException:
            for task in tasks:
                task.cancel()
            raise
