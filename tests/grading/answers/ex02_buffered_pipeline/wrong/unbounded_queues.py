"""Takes asyncio.Queue as it comes, without a bound.

Fails: test_never_more_than_the_buffer_holds
"""

import asyncio

END = object()


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = asyncio.Queue(), asyncio.Queue()

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
