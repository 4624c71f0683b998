"""A stack of two between the stages, where a queue should be.

Fails: test_the_order_is_kept
"""

import asyncio


class Stack:
    """Holds two items."""

    def __init__(self):
        self.items, self.closed, self.changed = [], False, asyncio.Condition()

    async def send(self, item):
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.items) < 2)
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
            await self.changed.wait_for(lambda: self.items or self.closed)
            self.changed.notify_all()
            if not self.items:
                raise StopAsyncIteration
            return self.items.pop()


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Stack(), Stack()

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
