"""Asks a flag whether more will come; whoever waits already when it is raised waits for ever.

It goes well as long as work takes time, for then the flag is up before the next stage looks at it.

Fails: test_it_ends_with_the_last_result
"""

import asyncio
from collections import defaultdict


async def metrics(source, stage1, stage2, stage3, sink, buffer_size, interval, publish):
    loop = asyncio.get_running_loop()
    done, failed, busy = defaultdict(int), defaultdict(int), defaultdict(float)
    types, peak = defaultdict(int), {"stage2": 0, "stage3": 0}
    out, total_latency, last_out = 0, 0.0, 0.0
    start = loop.time()
    timer = None

    def tell():
        nonlocal timer
        publish(out)
        timer = loop.call_later(interval, tell)

    async def call(name, stage, value, put, left):
        began = loop.time()
        try:
            result = await stage(value)
        except Exception as error:
            failed[name] += 1
            types[type(error).__name__] += 1
            return
        finally:
            busy[name] += loop.time() - began
        done[name] += 1
        await put((left, result))

    def into(queue, name):
        async def put(pair):
            await queue.put(pair)
            peak[name] = max(peak[name], queue.qsize())

        return put

    async def deliver(pair):
        nonlocal out, total_latency, last_out
        left, result = pair
        await sink.send(result)
        last_out = loop.time()
        out += 1
        total_latency += last_out - left

    async def one():
        async for item in source:
            await call("stage1", stage1, item, into(queue2, "stage2"), loop.time())
            begun2.set()
        over.add(queue2)
        begun2.set()

    async def two():
        await begun2.wait()
        while not (queue2 in over and queue2.empty()):
            pair = await queue2.get()
            await call("stage2", stage2, pair[1], into(queue3, "stage3"), pair[0])
            begun3.set()
        over.add(queue3)
        begun3.set()

    async def three():
        await begun3.wait()
        while not (queue3 in over and queue3.empty()):
            pair = await queue3.get()
            await call("stage3", stage3, pair[1], deliver, pair[0])

    over, begun2, begun3 = set(), asyncio.Event(), asyncio.Event()
    queue2, queue3 = asyncio.Queue(buffer_size), asyncio.Queue(buffer_size)
    timer = loop.call_later(interval, tell)
    try:
        async with asyncio.TaskGroup() as tasks:
            for stage in (one, two, three):
                tasks.create_task(stage())
    finally:
        timer.cancel()
    sink.close()
    names = ("stage1", "stage2", "stage3")
    return {
        "stages": {n: {"done": done[n], "errors": failed[n], "busy": busy[n]} for n in names},
        "errors": types,
        "peak": peak,
        "throughput": out / (last_out - start) if out else 0,
        "latency": total_latency / out if out else 0,
        "bottleneck": max(names, key=busy.__getitem__),
    }
