"""A task for each item, and a semaphore that lets only as many at once as there are workers."""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    places = asyncio.Semaphore(workers)

    async def carry(item):
        try:
            await sink.send(await work(item))
        finally:
            places.release()

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            await places.acquire()
            tasks.create_task(carry(item))
    sink.close()
