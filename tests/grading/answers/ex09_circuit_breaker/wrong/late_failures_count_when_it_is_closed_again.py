"""Takes no notice of calls from before while it is open, but does as soon as it is closed again.

Fails: test_late_outcomes_change_nothing
"""

import asyncio


async def circuit_breaker(source, service, fallback, sink, workers, threshold, rest):
    clock = asyncio.get_running_loop().time
    state, failures, opened = "closed", 0, 0.0

    async def answer(item):
        nonlocal state, failures, opened
        if state == "open" and clock() >= opened + rest:
            state, trial = "half-open", True
        elif state == "closed":
            trial = False
        else:
            return await fallback(item)
        try:
            result = await service(item)
        except Exception:
            if trial or state == "closed":
                failures += 1
                if trial or failures >= threshold:
                    state, failures, opened = "open", 0, clock()
            return await fallback(item)
        if trial or state == "closed":
            state, failures = "closed", 0
        return result

    async def work():
        async for item in source:
            await sink.send(await answer(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(work())
    sink.close()
