"""Works on a batch at a time: the next one waits for the slowest item of this one.

Fails: test_the_first_free_worker_takes_the_next_item
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def carry(item):
        try:
            await sink.send(await work(item))
        finally:
            running.discard(asyncio.current_task())

    running = set()
    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            running.add(tasks.create_task(carry(item)))
            if len(running) == workers:
                await asyncio.wait(set(running))
    sink.close()
