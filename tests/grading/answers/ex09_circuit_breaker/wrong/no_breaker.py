"""Falls back, but goes on calling a service that is down.

Fails: test_it_opens
"""

import asyncio


async def circuit_breaker(source, service, fallback, sink, workers, threshold, rest):
    async def answer(item):
        try:
            return await service(item)
        except Exception:
            return await fallback(item)

    async def work():
        async for item in source:
            await sink.send(await answer(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(work())
    sink.close()
