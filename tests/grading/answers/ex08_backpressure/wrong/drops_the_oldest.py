"""Keeps only the newest items when there is pressure, as one does with readings of a sensor.

Fails: test_nothing_is_lost_under_pressure
"""

import asyncio
from collections import deque


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    boxes = [deque(maxlen=1) for _ in range(3)]
    news = asyncio.Condition()
    ended = [False] * 3

    async def put(box, item):
        async with news:
            boxes[box].append(item)
            news.notify_all()

    async def end(box):
        async with news:
            ended[box] = True
            news.notify_all()

    async def read():
        async for item in source:
            await put(0, await stage1(item))
        await end(0)

    async def work(box, stage):
        while True:
            async with news:
                await news.wait_for(lambda: boxes[box] or ended[box])
                if not boxes[box]:
                    break
                item = boxes[box].popleft()
            result = await stage(item)
            await (put(1, result) if box == 0 else sink.send(result))
        if box == 0:
            await end(1)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(work(0, stage2))
        tasks.create_task(work(1, stage3))
    sink.close()
