"""A task for each item and one for each call, which is cancelled when its time is over."""

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
            for lock, stage in stages:
                async with lock:
                    call = asyncio.ensure_future(stage(value))
                    try:
                        done, _ = await asyncio.wait({call}, timeout=stage_timeout)
                        if not done:
                            await errors.send(item, TimeoutError(f"{stage_timeout} s are over"))
                            return
                        value = call.result()
                    finally:
                        call.cancel()
            async with door:
                await sink.send(value)
        finally:
            room.release()

    with sink, errors:
        async with asyncio.timeout(deadline), asyncio.TaskGroup() as tasks:
            async for item in source:
                await room.acquire()
                tasks.create_task(carry(item))
