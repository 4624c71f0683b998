"""Never closes the sink.

Fails: test_the_sink_is_closed
"""

import asyncio

from pipeline_kit import Channel


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    first, second, third, done = (Channel(high) for _ in range(4))
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

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async def deliver():
        nonlocal on_the_way
        async for result in done:
            await sink.send(result)
            on_the_way -= 1
            if on_the_way == low and not gate.is_set():
                gate.set()
                pressure(False)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(work(first, stage1, second))
        tasks.create_task(work(second, stage2, third))
        tasks.create_task(work(third, stage3, done))
        tasks.create_task(deliver())
