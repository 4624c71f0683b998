"""Cancels the workers once the queue is empty, with the last items in their hands.

Fails: test_every_item_comes_out_once
"""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    jobs, ended = asyncio.Queue(maxsize=1), asyncio.Event()

    async def worker():
        while True:
            item = await jobs.get()
            jobs.task_done()
            await sink.send(await work(item))

    async def fan_out():
        async for item in source:
            await jobs.put(item)
        await jobs.join()
        ended.set()

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(worker()) for _ in range(workers)]
        tasks.create_task(fan_out())
        await ended.wait()
        for task in running:
            task.cancel()
    sink.close()
