"""Round robin: a slow worker holds up those whose turn comes after it.

Fails: test_the_first_free_worker_takes_the_next_item
"""

import asyncio
from itertools import cycle

from pipeline_kit import Channel


async def fan_out_fan_in(source, work, sink, workers):
    inboxes = [Channel() for _ in range(workers)]

    async def worker(inbox):
        async for item in inbox:
            await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for inbox in inboxes:
            tasks.create_task(worker(inbox))
        turns = cycle(inboxes)
        async for item in source:
            await next(turns).send(item)
        for inbox in inboxes:
            inbox.close()
    sink.close()
