"""A semaphore whose places are given back by timers, one after the other."""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    if rate <= 0 or burst < 1:
        raise ValueError(f"rate must be above 0 and burst 1 or more, got {rate} and {burst}")

    tokens = asyncio.Semaphore(burst)
    loop = asyncio.get_running_loop()

    async def admitted():
        back_at = loop.time()
        timers = []
        try:
            async for item in source:
                await tokens.acquire()
                back_at = max(back_at, loop.time()) + 1 / rate
                timers = [timer for timer in timers if timer.when() > loop.time()]
                timers.append(loop.call_at(back_at, tokens.release))
                yield item
        finally:
            for timer in timers:
                timer.cancel()

    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(admitted(), stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
