"""Queues without bound, which fill up in front of a slow stage.

Fails: test_a_slow_stage_holds_back_those_before_it
"""

import asyncio

END = object()


async def pipeline_with_timeout(
    source, stage1, stage2, stage3, sink, errors, stage_timeout, deadline
):
    first, second = asyncio.Queue(), asyncio.Queue()

    async def step(item, value, stage, put):
        try:
            result = await asyncio.wait_for(stage(value), stage_timeout)
        except TimeoutError as error:
            await errors.send(item, error)
        else:
            await put(result if put == sink.send else (item, result))

    async def one():
        async for item in source:
            await step(item, item, stage1, first.put)
        await first.put(END)

    async def two():
        while (pair := await first.get()) is not END:
            await step(*pair, stage2, second.put)
        await second.put(END)

    async def three():
        while (pair := await second.get()) is not END:
            await step(*pair, stage3, sink.send)

    async def all_three():
        async with asyncio.TaskGroup() as tasks:
            for task in (one, two, three):
                tasks.create_task(task())

    try:
        await asyncio.wait_for(all_three(), deadline)
    finally:
        sink.close()
        errors.close()
