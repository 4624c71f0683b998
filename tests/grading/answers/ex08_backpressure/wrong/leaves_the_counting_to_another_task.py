"""Tells another task what comes and goes, and lets the loop go round once for it to count.

It goes well as long as tasks take turns in the order in which they became ready.

Fails: test_it_rests_until_low
"""

import asyncio

from pipeline_kit import Channel


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    first, second, third, done = (Channel(high) for _ in range(4))
    steps = asyncio.Queue()
    gate = asyncio.Event()
    gate.set()

    async def count():
        on_the_way = 0
        while step := await steps.get():
            on_the_way += step
            if on_the_way == high:
                gate.clear()
                pressure(True)
            elif on_the_way == low and not gate.is_set():
                gate.set()
                pressure(False)

    async def read():
        with first:
            async for item in source:
                steps.put_nowait(+1)
                await first.send(item)
                await asyncio.sleep(0)
                await gate.wait()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async def deliver():
        async for result in done:
            await sink.send(result)
            steps.put_nowait(-1)
        steps.put_nowait(0)
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(count())
        tasks.create_task(read())
        tasks.create_task(work(first, stage1, second))
        tasks.create_task(work(second, stage2, third))
        tasks.create_task(work(third, stage3, done))
        tasks.create_task(deliver())
