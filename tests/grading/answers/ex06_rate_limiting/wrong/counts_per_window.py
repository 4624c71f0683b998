"""Counts the items of fixed windows, so two bursts can meet at a border.

Fails: test_a_burst_is_let_through
"""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    if rate <= 0 or burst < 1:
        raise ValueError(f"rate must be above 0 and burst 1 or more, got {rate} and {burst}")

    loop, width = asyncio.get_running_loop(), burst / rate

    async def admitted():
        window, entered = 0, 0
        async for item in source:
            if loop.time() // width > window:
                window, entered = loop.time() // width, 0
            if entered == burst:
                await asyncio.sleep((window + 1) * width - loop.time())
                window, entered = window + 1, 0
            entered += 1
            yield item

    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(admitted(), stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
