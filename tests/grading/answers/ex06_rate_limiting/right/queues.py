"""Queues, and of the bucket only the moment at which it would be full (the GCRA)."""

import asyncio
import time

END = object()


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    if rate <= 0 or burst < 1:
        raise ValueError(f"rate must be above 0 and burst 1 or more, got {rate} and {burst}")

    first, second = asyncio.Queue(maxsize=1), asyncio.Queue(maxsize=1)

    async def one():
        full_at = time.monotonic()
        async for item in source:
            full_at = max(full_at, time.monotonic())
            early = full_at - (burst - 1) / rate
            if early > time.monotonic():
                await asyncio.sleep(early - time.monotonic())
            full_at += 1 / rate
            await first.put(await stage1(item))
        await first.put(END)

    async def two():
        while (item := await first.get()) is not END:
            await second.put(await stage2(item))
        await second.put(END)

    async def three():
        while (item := await second.get()) is not END:
            await sink.send(await stage3(item))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
