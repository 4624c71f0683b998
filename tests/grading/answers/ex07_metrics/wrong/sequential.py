"""One loop does it all, and measures a pipeline that is none.

Fails: test_the_stages_overlap
"""

import asyncio
from collections import Counter


async def metrics(source, stage1, stage2, stage3, sink, buffer_size, interval, publish):
    clock = asyncio.get_running_loop().time
    start = clock()
    functions = {"stage1": stage1, "stage2": stage2, "stage3": stage3}
    stages = {name: {"done": 0, "errors": 0, "busy": 0.0} for name in functions}
    errors, latencies = Counter(), []

    async def pass_through(value):
        for name, function in functions.items():
            began = clock()
            try:
                value = await function(value)
            except RuntimeError:
                stages[name]["errors"] += 1
                raise
            finally:
                stages[name]["busy"] += clock() - began
            stages[name]["done"] += 1
        return value

    async def report():
        while True:
            await asyncio.sleep(interval)
            publish(len(latencies))

    async with asyncio.TaskGroup() as tasks:
        reporter = tasks.create_task(report())
        async for item in source:
            left_source_at = clock()
            try:
                result = await pass_through(item)
            except RuntimeError as error:
                errors[type(error).__name__] += 1
                continue
            await sink.send(result)
            latencies.append(clock() - left_source_at)
        reporter.cancel()
    sink.close()
    out = len(latencies)
    return {
        "stages": stages,
        "errors": errors,
        "peak": {"stage2": 0, "stage3": 0},
        "throughput": out / (clock() - start) if out else 0.0,
        "latency": sum(latencies) / out if out else 0.0,
        "bottleneck": max(stages, key=lambda name: stages[name]["busy"]),
    }
