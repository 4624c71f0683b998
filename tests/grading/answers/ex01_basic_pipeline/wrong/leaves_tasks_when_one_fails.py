"""asyncio.gather hands the error on, and leaves the other tasks waiting.

Fails: test_errors_reach_the_caller
"""

import asyncio

from pipeline_kit import Channel


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = Channel(), Channel()

    async def work(inbox, stage, outbox):
        with outbox:
            async for item in inbox:
                await outbox.send(await stage(item))

    await asyncio.gather(
        work(source, stage1, first),
        work(first, stage2, second),
        work(second, stage3, sink),
    )
