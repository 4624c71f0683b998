"""Begins another rest when a trial begins, which keeps the others away only if the trial is short.

Fails: test_only_one_tries
"""

import asyncio

from pipeline_kit import Channel


async def circuit_breaker(source, service, fallback, sink, workers, threshold, rest):
    clock = asyncio.get_running_loop().time
    failures, rest_until = 0, 0.0
    times_opened = 0
    waiting = Channel()

    async def answer(item):
        nonlocal failures, times_opened, rest_until
        if clock() < rest_until:
            return await fallback(item)
        if failures >= threshold:
            rest_until = clock() + rest
        period = times_opened
        try:
            result = await service(item)
        except Exception:
            if period == times_opened:
                failures += 1
                if failures >= threshold:
                    times_opened += 1
                    rest_until = clock() + rest
            return await fallback(item)
        if period == times_opened:
            failures, rest_until = 0, 0.0
        return result

    async def read():
        with waiting:
            async for item in source:
                await waiting.send(item)

    async def work():
        async for item in waiting:
            await sink.send(await answer(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        for _ in range(workers):
            tasks.create_task(work())
    sink.close()
