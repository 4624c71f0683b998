"""Starts again with stage 1 when a later stage fails.

Fails: test_a_stage_that_fails_is_tried_again
"""

import asyncio


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    room = asyncio.Semaphore(3)
    locks = [asyncio.Lock() for _ in range(4)]

    async def carry(item):
        try:
            for left in reversed(range(attempts)):
                value = item
                try:
                    for lock, stage in zip(locks, (stage1, stage2, stage3), strict=False):
                        async with lock:
                            value = await stage(value)
                except Exception as error:
                    if not left:
                        await errors.send(item, error)
                else:
                    async with locks[3]:
                        return await sink.send(value)
        finally:
            room.release()

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            await room.acquire()
            tasks.create_task(carry(item))
    sink.close()
    errors.close()
