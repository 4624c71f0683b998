"""Closes after a good trial, but does not forget the failures from before it.

Fails: test_a_good_trial_closes_it
"""

import asyncio
from math import inf

from pipeline_kit import Channel


async def circuit_breaker(source, service, fallback, sink, workers, threshold, rest):
    clock = asyncio.get_running_loop().time
    failures, rest_until = 0, 0.0
    times_opened = 0
    tried = False
    waiting = Channel()

    async def answer(item):
        nonlocal failures, times_opened, rest_until, tried
        if clock() < rest_until:
            return await fallback(item)
        if failures >= threshold and not tried:
            tried = True
            rest_until = inf  # this is the trial: nobody else, until it is over
        period = times_opened
        try:
            result = await service(item)
        except Exception:
            if period == times_opened:
                failures += 1
                if failures >= threshold:
                    times_opened += 1
                    rest_until, tried = clock() + rest, False
            return await fallback(item)
        if period == times_opened:
            failures, rest_until = failures if tried else 0, 0.0
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
