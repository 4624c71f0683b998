"""Closes the sink when the last item has been let in.

Fails: test_the_sink_is_closed
"""

import asyncio

from pipeline_kit import Channel


class TokenBucket:
    def __init__(self, rate, burst):
        if rate <= 0:
            raise ValueError(f"rate must be above 0 items per second, got {rate}")
        if burst < 1:
            raise ValueError(f"burst must be 1 item or more, got {burst}")
        self.rate, self.burst = rate, burst
        self.tokens, self.seen = burst, asyncio.get_running_loop().time()

    async def take(self):
        self.fill()
        if self.tokens < 1:
            await asyncio.sleep((1 - self.tokens) / self.rate)
            self.fill()
        self.tokens -= 1

    def fill(self):
        now = asyncio.get_running_loop().time()
        self.tokens = min(self.burst, self.tokens + (now - self.seen) * self.rate)
        self.seen = now


async def pipeline_with_rate_limiting(source, stage1, stage2, stage3, sink, rate, burst):
    bucket = TokenBucket(rate, burst)

    async def admitted():
        async for item in source:
            await bucket.take()
            yield item
        sink.close()

    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        async for item in inbox:
            await outbox.send(await stage(item))
        if outbox is not sink:
            outbox.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work(admitted(), stage1, first))
        tasks.create_task(work(first, stage2, second))
        tasks.create_task(work(second, stage3, sink))
