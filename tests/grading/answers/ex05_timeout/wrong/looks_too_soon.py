"""Cancels what is late, lets the loop go round once, and takes it for granted that it has ended.

It goes well as long as tasks take turns in the order in which they became ready.

Fails: test_a_late_item_is_reported
"""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_timeout(
    source, stage1, stage2, stage3, sink, errors, stage_timeout, deadline
):
    first, second, third = Channel(), Channel(), Channel()

    async def start():
        async for item in source:
            yield item, item

    async def work(inbox, stage, outbox):
        with outbox:
            async for item, value in inbox:
                call = asyncio.create_task(stage(value))
                try:
                    done, _ = await asyncio.wait({call}, timeout=stage_timeout)
                finally:
                    call.cancel()
                if not done:
                    await asyncio.sleep(0)
                if call.cancelled():
                    await errors.send(item, TimeoutError())
                else:
                    await outbox.send((item, call.result()))

    async def finish():
        with sink:
            async for _, result in third:
                await sink.send(result)

    with errors:
        async with asyncio.timeout(deadline), asyncio.TaskGroup() as tasks:
            tasks.create_task(work(start(), stage1, first))
            tasks.create_task(work(first, stage2, second))
            tasks.create_task(work(second, stage3, third))
            tasks.create_task(finish())
