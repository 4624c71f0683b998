"""Starts a task for each item, however many there are.

Fails: test_never_more_than_the_workers
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def carry(item):
        await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            tasks.create_task(carry(item))
    sink.close()
