"""Sleeps between two items, and forgets that the work takes time too.

Fails: test_the_rate_is_reached
"""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    if rate <= 0 or burst < 1:
        raise ValueError(f"rate must be above 0 and burst 1 or more, got {rate} and {burst}")

    async def admitted():
        spare = burst
        async for item in source:
            yield item
            spare -= 1
            if spare < 1:
                await asyncio.sleep(1 / rate)
                spare = 1

    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(admitted(), stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
