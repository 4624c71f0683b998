"""A deque, a condition, and the number of those who wait for an item."""

import asyncio
from collections import deque


class Buffer:
    """Holds `size` items, and one more for each receiver that waits."""

    def __init__(self, size):
        self.size, self.items, self.receivers, self.closed = size, deque(), 0, False
        self.changed = asyncio.Condition()

    async def send(self, item):
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.items) < self.size + self.receivers)
            self.items.append(item)
            self.changed.notify_all()

    async def close(self):
        async with self.changed:
            self.closed = True
            self.changed.notify_all()

    def __aiter__(self):
        return self

    async def __anext__(self):
        async with self.changed:
            self.receivers += 1
            self.changed.notify_all()
            try:
                await self.changed.wait_for(lambda: self.items or self.closed)
            finally:
                self.receivers -= 1
            if not self.items:
                raise StopAsyncIteration
            self.changed.notify_all()
            return self.items.popleft()


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    first, second = Buffer(buffer_size), Buffer(buffer_size)

    async def work(inbox, stage, outbox):
        async for item in inbox:
            await outbox.send(await stage(item))
        if outbox is not sink:
            await outbox.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(source, stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
    sink.close()
