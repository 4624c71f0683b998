"""Takes a cancellation for a normal end.

Fails: test_cancellation_ends_everything
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def worker():
        async for item in source:
            await sink.send(await work(item))

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(workers):
                tasks.create_task(worker())
    except asyncio.CancelledError:
        pass
    sink.close()
