"""Keeps the rate, and takes one item after the other through all stages.

Fails: test_the_stages_overlap
"""

import asyncio


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
    with sink:
        async for item in source:
            await bucket.take()
            await sink.send(await stage3(await stage2(await stage1(item))))
