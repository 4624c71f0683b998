"""Asks a flag whether more will come; whoever waits already when it is raised waits for ever.

It goes well as long as work takes time, for then the flag is up before the next stage looks at it.

Fails: test_the_sink_is_closed
"""

import asyncio


class Buffer:
    """A queue, and what its reader needs to know: that items have begun to come, and the end."""

    def __init__(self, size):
        self.items, self.rendezvous = asyncio.Queue(size or 1), size == 0
        self.begun, self.over = asyncio.Event(), False

    async def put(self, item):
        await self.items.put(item)
        self.begun.set()
        if self.rendezvous:
            await self.items.join()

    async def get(self):
        item = await self.items.get()
        self.items.task_done()
        return item

    def end(self):
        self.over = True
        self.begun.set()

    async def has_more(self):
        await self.begun.wait()
        return not (self.over and self.items.empty())


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Buffer(buffer_size), Buffer(buffer_size)

    async def one():
        async for item in source:
            await first.put(await stage1(item))
        first.end()

    async def two():
        while await first.has_more():
            await second.put(await stage2(await first.get()))
        second.end()

    async def three():
        while await second.has_more():
            await sink.send(await stage3(await second.get()))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for task in (one, two, three):
            tasks.create_task(task())
