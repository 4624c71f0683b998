"""Has a semaphore with `high` tickets, of which each comes back at once.

Fails: test_it_rests_until_low
"""

import asyncio

from pipeline_kit import Channel


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    first, second, third, done = (Channel(high) for _ in range(4))
    tickets = asyncio.Semaphore(high)

    async def read():
        with first:
            await tickets.acquire()
            async for item in source:
                await first.send(item)
                await tickets.acquire()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async def deliver():
        async for result in done:
            await sink.send(result)
            tickets.release()
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(work(first, stage1, second))
        tasks.create_task(work(second, stage2, third))
        tasks.create_task(work(third, stage3, done))
        tasks.create_task(deliver())
