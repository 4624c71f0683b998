"""A timer of the loop for each call, which cancels it."""

import asyncio

from pipeline_kit import Channel


async def pipeline_with_timeout(
    source, stage1, stage2, stage3, sink, errors, stage_timeout, deadline
):
    first, second, third = Channel(), Channel(), Channel()
    loop = asyncio.get_running_loop()

    async def start():
        async for item in source:
            yield item, item

    async def work(inbox, stage, outbox):
        with outbox:
            async for item, value in inbox:
                call = asyncio.create_task(stage(value))
                alarm = loop.call_later(stage_timeout, call.cancel)
                try:
                    await asyncio.wait({call})
                finally:
                    alarm.cancel()
                    call.cancel()
                if call.cancelled():
                    await errors.send(item, TimeoutError())
                else:
                    await outbox.send((item, call.result()))

    async def finish():
        with sink:
            async for _, result in third:
                await sink.send(result)

    with errors:
        everything = asyncio.timeout_at(loop.time() + deadline)
        async with everything, asyncio.TaskGroup() as tasks:
            tasks.create_task(work(start(), stage1, first))
            tasks.create_task(work(first, stage2, second))
            tasks.create_task(work(second, stage3, third))
            tasks.create_task(finish())
