"""A bounded queue on either side of the workers, and one task that hands over all results."""

import asyncio

END = object()


async def fan_out_fan_in(source, work, sink, workers):
    jobs, results = asyncio.Queue(maxsize=workers), asyncio.Queue(maxsize=workers)

    async def fan_out():
        async for item in source:
            await jobs.put(item)
        for _ in range(workers):
            await jobs.put(END)

    async def worker():
        while (item := await jobs.get()) is not END:
            await results.put(await work(item))
        await results.put(END)

    async def fan_in():
        at_work = workers
        while at_work:
            result = await results.get()
            if result is END:
                at_work -= 1
            else:
                await sink.send(result)
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fan_out())
        tasks.create_task(fan_in())
        for _ in range(workers):
            tasks.create_task(worker())
