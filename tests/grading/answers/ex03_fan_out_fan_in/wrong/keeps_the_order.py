"""Sends results in the order of their items, so a slow one holds up all that are done.

Fails: test_results_come_out_when_they_are_done
"""

import asyncio
from collections import deque


async def fan_out_fan_in(source, work, sink, workers):
    places = asyncio.Semaphore(workers)
    under_way = deque()
    changed = asyncio.Condition()
    ended = False

    async def do(item):
        try:
            return await work(item)
        finally:
            places.release()

    async def fan_out():
        nonlocal ended
        async for item in source:
            await places.acquire()
            async with changed:
                under_way.append(tasks.create_task(do(item)))
                changed.notify()
        async with changed:
            ended = True
            changed.notify()

    async def fan_in():
        while True:
            async with changed:
                await changed.wait_for(lambda: under_way or ended)
            if not under_way:
                return
            await sink.send(await under_way.popleft())

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fan_out())
        tasks.create_task(fan_in())
    sink.close()
