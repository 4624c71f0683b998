"""For asyncio.Queue a maxsize of 0 is no bound at all.

Fails: test_a_buffer_of_size_0_holds_nothing
"""

import asyncio

END = object()


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = asyncio.Queue(buffer_size), asyncio.Queue(buffer_size)

    async def one():
        async for item in source:
            await first.put(await stage1(item))
        await first.put(END)

    async def two():
        while (item := await first.get()) is not END:
            await second.put(await stage2(item))
        await second.put(END)

    async def three():
        while (item := await second.get()) is not END:
            await sink.send(await stage3(item))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
