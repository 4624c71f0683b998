"""Asks a flag whether more will come; whoever waits already when it is raised waits for ever.

It goes well as long as work takes time, for then the flag is up before the next stage looks at it.

Fails: test_every_item_comes_out_once
"""

import asyncio


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first, second = asyncio.Queue(1), asyncio.Queue(1)
    begun, first_done, second_done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def begin():
        async for item in source:
            await first.put(await stage1(item))
            begun.set()
        first_done.set()
        begun.set()

    async def go_on():
        await begun.wait()
        while not (first_done.is_set() and first.empty()):
            await second.put(await stage2(await first.get()))
            if first_done.is_set() and first.empty():
                second_done.set()
        second_done.set()

    async def end():
        await begun.wait()
        await asyncio.sleep(0)
        while not (second_done.is_set() and second.empty()):
            await sink.send(await stage3(await second.get()))
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        for part in (begin(), go_on(), end()):
            tasks.create_task(part)
