"""The listing of the tutorial: the item itself decides which worker gets it.

Fails: test_the_workers_work_at_the_same_time
"""

import asyncio

from pipeline_kit import Channel


async def fan_out_fan_in(source, work, sink, workers):
    inboxes = [Channel() for _ in range(workers)]

    async def worker(inbox):
        async for item in inbox:
            await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for inbox in inboxes:
            tasks.create_task(worker(inbox))
        async for item in source:
            await inboxes[item % workers].send(item)
        for inbox in inboxes:
            inbox.close()
    sink.close()
