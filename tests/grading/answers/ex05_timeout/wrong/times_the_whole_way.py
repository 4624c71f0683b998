"""One timeout for the way of an item through all stages.

Fails: test_late_work_is_cut_off
"""

import asyncio


async def pipeline_with_timeout(
    source, stage1, stage2, stage3, sink, errors, stage_timeout, deadline
):
    room = asyncio.Semaphore(3)
    stages = [(asyncio.Lock(), stage) for stage in (stage1, stage2, stage3)]
    door = asyncio.Lock()

    async def carry(item):
        value = item
        try:
            async with asyncio.timeout(stage_timeout):
                for lock, stage in stages:
                    async with lock:
                        value = await stage(value)
            async with door:
                await sink.send(value)
        except TimeoutError as error:
            await errors.send(item, error)
        finally:
            room.release()

    with sink, errors:
        async with asyncio.timeout(deadline), asyncio.TaskGroup() as tasks:
            async for item in source:
                await room.acquire()
                tasks.create_task(carry(item))
