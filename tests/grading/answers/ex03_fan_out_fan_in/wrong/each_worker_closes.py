"""Each worker closes the sink when it has nothing more to do.

Fails: test_the_sink_is_closed
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def worker():
        with sink:
            async for item in source:
                await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
