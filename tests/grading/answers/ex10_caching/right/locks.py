"""A lock for each key that is being asked about, and workers that share the source."""

import asyncio
from weakref import WeakValueDictionary


async def caching(source, lookup, sink, workers, maxsize, warm, changes):
    results, up_to_date = {}, set()
    locks = WeakValueDictionary()  # a lock is there as long as someone holds it or waits for it
    counts = {"hits": 0, "misses": 0}

    def keep(key, result):
        results.pop(key, None)
        results[key] = result
        if len(results) > maxsize:
            results.pop(next(iter(results)))

    async def find(key):
        lock = locks.setdefault(key, asyncio.Lock())
        at_once = key in results and not lock.locked()
        counts["hits" if at_once else "misses"] += 1
        async with lock:
            if key in results:
                result = results[key]
                keep(key, result)
                return result
            up_to_date.add(key)
            result = await lookup(key)
            if key in up_to_date:
                keep(key, result)
            up_to_date.discard(key)
            return result

    async def listen():
        async for key in changes:
            up_to_date.discard(key)
            results.pop(key, None)

    async def work():
        async for key in source:
            await sink.send(await find(key))

    async with asyncio.TaskGroup() as tasks:
        listener = tasks.create_task(listen())
        for key in warm:
            await find(key)
        counts.update(hits=0, misses=0)
        async with asyncio.TaskGroup() as pool:
            for _ in range(workers):
                pool.create_task(work())
        listener.cancel()
    sink.close()
    return counts
