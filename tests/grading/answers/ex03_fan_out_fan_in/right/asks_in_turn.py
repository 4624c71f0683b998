"""The workers read the source themselves, one at a time, as an async generator would demand."""

import asyncio


async def fan_out_fan_in(source, work, sink, workers):
    items, turn = aiter(source), asyncio.Lock()

    async def worker():
        while True:
            async with turn:
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    return
            await sink.send(await work(item))

    with sink:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(workers):
                tasks.create_task(worker())
