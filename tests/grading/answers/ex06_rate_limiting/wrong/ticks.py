"""A ticker gives a token when it ticks, and not when one is due.

Fails: test_a_burst_is_let_through
"""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    if rate <= 0 or burst < 1:
        raise ValueError(f"rate must be above 0 and burst 1 or more, got {rate} and {burst}")

    ticks = asyncio.Queue(maxsize=burst)

    async def tick():
        while True:
            if not ticks.full():
                ticks.put_nowait(None)
            await asyncio.sleep(1 / rate)

    async def admitted():
        async for item in source:
            await ticks.get()
            yield item

    for _ in range(burst - 1):
        ticks.put_nowait(None)
    ticker = asyncio.create_task(tick())

    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work(admitted(), stage1, first))
            tasks.create_task(work(first, stage2, second))
            tasks.create_task(work(second, stage3, sink))
    finally:
        ticker.cancel()
