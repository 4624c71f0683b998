"""Queues without a bound of their own, since a condition bounds all of them together."""

import asyncio

END = object()


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    queues = [asyncio.Queue() for _ in range(3)]
    changed = asyncio.Condition()
    on_the_way, pressed = 0, False

    async def count(step):
        nonlocal on_the_way, pressed
        async with changed:
            on_the_way += step
            if on_the_way >= high if not pressed else on_the_way <= low:
                pressed = not pressed
                pressure(pressed)
                changed.notify_all()

    async def read():
        async for item in source:
            await count(+1)
            queues[0].put_nowait(item)
            async with changed:
                await changed.wait_for(lambda: not pressed)
        queues[0].put_nowait(END)

    async def work(inbox, stage, outbox):
        while (item := await inbox.get()) is not END:
            outbox.put_nowait(await stage(item))
        outbox.put_nowait(END)

    async def last(inbox):
        while (item := await inbox.get()) is not END:
            await sink.send(await stage3(item))
            await count(-1)
        sink.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        tasks.create_task(work(queues[0], stage1, queues[1]))
        tasks.create_task(work(queues[1], stage2, queues[2]))
        tasks.create_task(last(queues[2]))
