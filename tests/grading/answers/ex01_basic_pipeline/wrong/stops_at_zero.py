"""Takes an item that is 0 for the end.

Fails: test_any_value_is_an_item
"""

import asyncio


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = asyncio.Queue(maxsize=1), asyncio.Queue(maxsize=1)

    async def one():
        async for item in source:
            await first.put(await stage1(item))
        await first.put(None)

    async def two():
        while item := await first.get():
            await second.put(await stage2(item))
        await second.put(None)

    async def three():
        while item := await second.get():
            await sink.send(await stage3(item))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
