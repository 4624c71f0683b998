"""A queue with an end for each worker, futures for the lookups under way, an OrderedDict."""

import asyncio
from collections import OrderedDict

END = object()


async def caching(source, lookup, sink, workers, maxsize, warm, changes):
    results, under_way = OrderedDict(), {}
    counts = {"hits": 0, "misses": 0}
    queue = asyncio.Queue(maxsize=1)

    async def load(key):
        under_way[key] = promise = asyncio.get_running_loop().create_future()
        try:
            result = await lookup(key)
        except BaseException:
            promise.cancel()
            raise
        promise.set_result(result)
        if under_way.get(key) is promise:
            del under_way[key]
            keep(key, result)
        return result

    def keep(key, result):
        results[key] = result
        results.move_to_end(key)
        while len(results) > maxsize:
            results.popitem(last=False)

    async def find(key):
        if key in results:
            counts["hits"] += 1
            results.move_to_end(key)
            return results[key]
        counts["misses"] += 1
        return await (under_way[key] if key in under_way else load(key))

    async def listen():
        async for key in changes:
            results.pop(key, None)
            under_way.pop(key, None)

    async def read():
        async for key in source:
            await queue.put(key)
        for _ in range(workers):
            await queue.put(END)

    async def work():
        while (key := await queue.get()) is not END:
            await sink.send(await find(key))

    listener = asyncio.create_task(listen())
    try:
        for key in warm:
            await load(key)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read())
            for _ in range(workers):
                tasks.create_task(work())
    finally:
        listener.cancel()
    sink.close()
    return counts
