"""Gives a place free before the result is gone, so results pile up in front of the sink.

Fails: test_memory_is_bounded_at_both_ends
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    places = asyncio.Semaphore(workers)

    async def carry(item):
        try:
            result = await work(item)
        finally:
            places.release()
        await sink.send(result)

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            await places.acquire()
            tasks.create_task(carry(item))
    sink.close()
