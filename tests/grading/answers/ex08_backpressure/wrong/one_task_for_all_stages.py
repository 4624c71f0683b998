"""Has one task for all three stages.

Fails: test_the_stages_overlap
"""

import asyncio

from pipeline_kit import Channel


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    first, done = Channel(high), Channel(high)
    on_the_way = 0
    gate = asyncio.Event()
    gate.set()

    async def read():
        nonlocal on_the_way
        with first:
            async for item in source:
                on_the_way += 1
                if on_the_way == high:
                    gate.clear()
                    pressure(True)
                await first.send(item)
                await gate.wait()

    async def work():
        with done:
            async for item in first:
                await done.send(await stage3(await stage2(await stage1(item))))

    async def deliver():
        nonlocal on_the_way
        async for result in done:
            await sink.send(result)
            on_the_way -= 1
            if on_the_way == low and not gate.is_set():
                gate.set()
                pressure(False)
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(work())
        tasks.create_task(deliver())
