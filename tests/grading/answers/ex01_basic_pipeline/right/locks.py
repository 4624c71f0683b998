"""A task for each item, and a lock for each stage: locks are fair, so the order is kept."""

import asyncio


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    room = asyncio.Semaphore(3)
    steps = [(asyncio.Lock(), step) for step in (stage1, stage2, stage3, sink.send)]

    async def carry(value):
        for lock, step in steps:
            async with lock:
                value = await step(value)
        room.release()

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            await room.acquire()
            tasks.create_task(carry(item))
    sink.close()
