"""Has buffers without a bound, to measure how deep they become.

Fails: test_the_buffers_are_bounded
"""

import asyncio
from collections import Counter
from math import inf

from pipeline_kit import Channel


async def metrics(source, stage1, stage2, stage3, sink, buffer_size, interval, publish):
    clock = asyncio.get_running_loop().time
    start = clock()
    stages = {f"stage{n}": {"done": 0, "errors": 0, "busy": 0.0} for n in (1, 2, 3)}
    first, second, third = Channel(inf), Channel(inf), Channel()
    errors, latencies = Counter(), []

    async def stamped():
        async for item in source:
            yield clock(), item

    async def work(name, stage, inbox, outbox):
        mine = stages[name]
        with outbox:
            async for left_source_at, value in inbox:
                began = clock()
                try:
                    value = await stage(value)
                except Exception as error:
                    mine["errors"] += 1
                    errors[type(error).__name__] += 1
                    continue
                finally:
                    mine["busy"] += clock() - began
                mine["done"] += 1
                await outbox.send((left_source_at, value))

    async def deliver():
        async for left_source_at, result in third:
            await sink.send(result)
            latencies.append(clock() - left_source_at)
        sink.close()

    async def report():
        while True:
            await asyncio.sleep(interval)
            publish(len(latencies))

    async with asyncio.TaskGroup() as all_tasks:
        reporter = all_tasks.create_task(report())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work("stage1", stage1, stamped(), first))
            tasks.create_task(work("stage2", stage2, first, second))
            tasks.create_task(work("stage3", stage3, second, third))
            tasks.create_task(deliver())
        reporter.cancel()
    out = len(latencies)
    return {
        "stages": stages,
        "errors": errors,
        "peak": {"stage2": first.statistics().peak_depth, "stage3": second.statistics().peak_depth},
        "throughput": out / (clock() - start) if out else 0.0,
        "latency": sum(latencies) / out if out else 0.0,
        "bottleneck": max(stages, key=lambda name: stages[name]["busy"]),
    }
