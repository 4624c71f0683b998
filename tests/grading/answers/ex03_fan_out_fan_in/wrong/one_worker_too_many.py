"""The one that deals out lends a hand, and is one too many.

Fails: test_never_more_than_the_workers
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def worker():
        async for item in source:
            await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
        await worker()
    sink.close()
