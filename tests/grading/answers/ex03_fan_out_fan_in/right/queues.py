"""One queue for all workers, and a special item for each of them at the end."""

import asyncio

END = object()


async def fan_out_fan_in(source, work, sink, workers):
    jobs = asyncio.Queue(maxsize=1)

    async def worker():
        while (item := await jobs.get()) is not END:
            await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
        async for item in source:
            await jobs.put(item)
        for _ in range(workers):
            await jobs.put(END)
    sink.close()
