"""Takes an item that is 0 for the end.

Fails: test_empty_sources_and_odd_items
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    jobs = asyncio.Queue(maxsize=1)

    async def worker():
        while item := await jobs.get():
            await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
        async for item in source:
            await jobs.put(item)
        for _ in range(workers):
            await jobs.put(None)
    sink.close()
