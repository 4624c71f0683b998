"""Queues without bound, which fill up in front of a slow stage.

Fails: test_a_slow_stage_holds_back_those_before_it
"""

import asyncio

END = object()


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    first, second = asyncio.Queue(), asyncio.Queue()

    async def attempt(stage, value):
        error = None
        for _ in range(attempts):
            try:
                return await stage(value), None
            except Exception as failure:
                error = failure
        return None, error

    async def step(item, value, stage, outbox):
        result, error = await attempt(stage, value)
        if error is not None:
            await errors.send(item, error)
        elif outbox is sink:
            await sink.send(result)
        else:
            await outbox.put((item, result))

    async def one():
        async for item in source:
            await step(item, item, stage1, first)
        await first.put(END)

    async def two():
        while (pair := await first.get()) is not END:
            await step(*pair, stage2, second)
        await second.put(END)

    async def three():
        while (pair := await second.get()) is not END:
            await step(*pair, stage3, sink)

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
    sink.close()
    errors.close()
