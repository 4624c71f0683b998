"""A queue without bound in front of the workers: the source is read to its end at once.

Fails: test_memory_is_bounded_at_both_ends
"""

import asyncio

END = object()


async def fan_out_fan_in(source, work, sink, workers):
    jobs = asyncio.Queue()

    async def worker():
        while (item := await jobs.get()) is not END:
            await sink.send(await work(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(worker())
        async for item in source:
            await jobs.put(item)
        for _ in range(workers):
            await jobs.put(END)
    sink.close()
