"""gather raises the first error, and leaves the other workers at work.

Fails: test_errors_reach_the_caller
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def worker():
        async for item in source:
            await sink.send(await work(item))

    await asyncio.gather(*(worker() for _ in range(workers)))
    sink.close()
