"""Adds to a shared figure what an `await` returns, so what others add meanwhile is lost.

It goes well as long as no stage finds out about an error while another one is at work.

Fails: test_errors_are_counted_by_type
"""

import asyncio
from collections import Counter

from pipeline_kit import Channel


async def metrics(source, stage1, stage2, stage3, sink, buffer_size, interval, publish):
    clock = asyncio.get_running_loop().time
    start = clock()
    stages = {f"stage{n}": {"done": 0, "errors": 0, "busy": 0.0} for n in (1, 2, 3)}
    first, second, third = Channel(buffer_size), Channel(buffer_size), Channel()
    errors, latencies = Counter(), []

    async def stamped():
        async for item in source:
            yield clock(), item

    async def attempt(name, stage, left_source_at, value, outbox):
        mine = stages[name]
        began = clock()
        try:
            value = await stage(value)
        except Exception as error:
            mine["errors"] += 1
            return Counter([type(error).__name__])
        finally:
            mine["busy"] += clock() - began
        mine["done"] += 1
        await outbox.send((left_source_at, value))
        return Counter()

    async def work(name, stage, inbox, outbox):
        nonlocal errors
        with outbox:
            async for left_source_at, value in inbox:
                errors = errors + await attempt(name, stage, left_source_at, value, outbox)

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
