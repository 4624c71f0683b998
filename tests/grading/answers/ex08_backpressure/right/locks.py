"""A task for each item, a lock for each stage, and tickets, which come back in one batch."""

import asyncio

END = object()


async def backpressure(source, stage1, stage2, stage3, sink, high, low, pressure):
    tickets = asyncio.Semaphore(high)
    steps = [(asyncio.Lock(), step) for step in (stage1, stage2, stage3, sink.send)]
    on_the_way = kept_back = 0
    pressed = False

    async def take():
        await tickets.acquire()
        return await anext(source, END)

    async def carry(value):
        nonlocal on_the_way, kept_back, pressed
        for lock, step in steps:
            async with lock:
                value = await step(value)
        on_the_way -= 1
        kept_back += 1
        if pressed and on_the_way == low:
            pressed = False
            pressure(False)
        while kept_back and not pressed:
            kept_back -= 1
            tickets.release()

    async with asyncio.TaskGroup() as tasks:
        while (item := await take()) is not END:
            on_the_way += 1
            if on_the_way == high:
                pressed = True
                pressure(True)
            tasks.create_task(carry(item))
    sink.close()
