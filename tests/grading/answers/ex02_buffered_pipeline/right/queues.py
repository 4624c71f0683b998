"""Queues; at size 0 the sender waits until its item has been taken."""

import asyncio

END = object()


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = asyncio.Queue(buffer_size or 1), asyncio.Queue(buffer_size or 1)

    async def put(queue, item):
        await queue.put(item)
        if buffer_size == 0:
            await queue.join()

    async def get(queue):
        item = await queue.get()
        queue.task_done()
        return item

    async def one():
        async for item in source:
            await put(first, await stage1(item))
        await put(first, END)

    async def two():
        while (item := await get(first)) is not END:
            await put(second, await stage2(item))
        await put(second, END)

    async def three():
        while (item := await get(second)) is not END:
            await sink.send(await stage3(item))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
