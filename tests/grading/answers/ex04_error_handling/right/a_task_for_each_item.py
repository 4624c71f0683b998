"""A task for each item, which knows where it is, and a lock for each stage."""

import asyncio


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    room = asyncio.Semaphore(3)
    stages = [(asyncio.Lock(), stage) for stage in (stage1, stage2, stage3)]
    door = asyncio.Lock()

    async def attempt(stage, value, left):
        try:
            return await stage(value)
        except Exception:
            if left == 1:
                raise
        return await attempt(stage, value, left - 1)

    async def carry(item):
        value = item
        try:
            for lock, stage in stages:
                async with lock:
                    try:
                        value = await attempt(stage, value, attempts)
                    except Exception as error:
                        return await errors.send(item, error)
            async with door:
                await sink.send(value)
        finally:
            room.release()

    async with asyncio.TaskGroup() as tasks:
        async for item in source:
            await room.acquire()
            tasks.create_task(carry(item))
    sink.close()
    errors.close()
