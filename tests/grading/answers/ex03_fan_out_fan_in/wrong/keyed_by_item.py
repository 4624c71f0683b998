"""Keeps the tasks under their items, and so takes equal items for one.

Fails: test_empty_sources_and_odd_items
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    places, under_way = asyncio.Semaphore(workers), {}

    async def carry(item):
        try:
            await sink.send(await work(item))
        finally:
            places.release()
            del under_way[item]

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            if item not in under_way:
                await places.acquire()
                under_way[item] = tasks.create_task(carry(item))
    sink.close()
