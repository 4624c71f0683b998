"""Deals items out to workers, but waits until each is done, so only one works at a time.

Fails: test_the_workers_work_at_the_same_time
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def worker(item):
        await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            await tasks.create_task(worker(item))
    sink.close()
