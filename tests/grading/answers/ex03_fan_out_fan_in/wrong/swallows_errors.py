"""gather with return_exceptions=True, and nobody looks at what it returns.

Fails: test_errors_reach_the_caller
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    async def worker():
        async for item in source:
            await sink.send(await work(item))

    await asyncio.gather(*(worker() for _ in range(workers)), return_exceptions=True)
    sink.close()
