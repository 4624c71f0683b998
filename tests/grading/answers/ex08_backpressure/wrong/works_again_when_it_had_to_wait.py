"""Tries again after waiting a second for room, and does the work again too.

Fails: test_nothing_is_lost_under_pressure
"""

import asyncio

END = object()


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    first, second = asyncio.Queue(1), asyncio.Queue(1)

    async def pass_on(stage, item, queue):
        while True:
            result = await stage(item)
            try:
                async with asyncio.timeout(1):
                    return await queue.put(result)
            except TimeoutError:
                pass  # backpressure detected: retry

    async def one():
        async for item in source:
            await pass_on(stage1, item, first)
        await first.put(END)

    async def two():
        while (item := await first.get()) is not END:
            await pass_on(stage2, item, second)
        await second.put(END)

    async def three():
        while (item := await second.get()) is not END:
            await sink.send(await stage3(item))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
