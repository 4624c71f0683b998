"""A channel on either side of the workers, and a task for each."""

import asyncio

from pipeline_kit import Channel


async def fan_out_fan_in(source, work, sink, workers):
    jobs, results = Channel(), Channel()

    async def fan_out():
        with jobs:
            async for item in source:
                await jobs.send(item)

    async def worker():
        async for item in jobs:
            await results.send(await work(item))

    async def all_workers():
        with results:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(workers):
                    tasks.create_task(worker())

    async def fan_in():
        with sink:
            async for result in results:
                await sink.send(result)

    async with asyncio.TaskGroup() as tasks:
        for task in (fan_out, all_workers, fan_in):
            tasks.create_task(task())
