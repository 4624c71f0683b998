"""Closes the sink when the source ends, while the workers are still at work.

Fails: test_the_sink_is_closed
"""

import asyncio

from pipeline_kit import Channel


async def fan_out_fan_in(source, work, sink, workers):
    jobs = Channel()

    async def worker():
        async for item in jobs:
            await sink.send(await work(item))

    async def fan_out():
        with jobs, sink:
            async for item in source:
                await jobs.send(item)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
        tasks.create_task(fan_out())
