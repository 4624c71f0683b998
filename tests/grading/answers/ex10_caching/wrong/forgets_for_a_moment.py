"""Lets others go on between the end of a lookup and the entry of its result.

Fails: test_all_who_want_the_same_share_one_lookup
"""

import asyncio

from pipeline_kit import Channel


async def caching(source, lookup, sink, workers, maxsize, warm, changes):
    results, under_way = {}, {}
    hits = misses = 0
    wanted = Channel()

    async def load(key):
        result = await lookup(key)
        if under_way.get(key) is asyncio.current_task():
            del under_way[key]
            await asyncio.sleep(0)  # be polite
            results[key] = result
            if len(results) > maxsize:
                del results[next(iter(results))]
        return result

    async def find(key):
        nonlocal hits, misses
        if key in results:
            hits += 1
            results[key] = results.pop(key)
            return results[key]
        misses += 1
        if key not in under_way:
            under_way[key] = tasks.create_task(load(key))
        return await under_way[key]

    async def listen():
        async for key in changes:
            results.pop(key, None)
            under_way.pop(key, None)

    async def read():
        with wanted:
            async for key in source:
                await wanted.send(key)

    async def work():
        async for key in wanted:
            await sink.send(await find(key))

    async with asyncio.TaskGroup() as tasks:
        listener = tasks.create_task(listen())
        for key in warm:
            await find(key)
        hits = misses = 0
        async with asyncio.TaskGroup() as pool:
            pool.create_task(read())
            for _ in range(workers):
                pool.create_task(work())
        listener.cancel()
    sink.close()
    return {"hits": hits, "misses": misses}
