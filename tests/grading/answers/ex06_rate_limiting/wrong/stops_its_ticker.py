"""The listing of the tutorial: the ticker is stopped as soon as the tasks are started.

Fails: test_every_item_comes_out_once
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

    ticker = asyncio.create_task(tick())

    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    try:
        tasks = [
            asyncio.create_task(work(admitted(), stage1, first)),
            asyncio.create_task(work(first, stage2, second)),
            asyncio.create_task(work(second, stage3, sink)),
        ]
    finally:
        ticker.cancel()
    await asyncio.wait(tasks)
