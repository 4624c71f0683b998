"""Workers that share the source, and a timer that lets one trial through when the rest is over."""

import asyncio


async def circuit_breaker(source, service, fallback, sink, workers, threshold, rest):
    loop = asyncio.get_running_loop()
    in_a_row = []  # failures since the last success
    state = {"permits": float("inf"), "period": 0}

    def open_it():
        state["permits"] = 0
        state["period"] += 1
        loop.call_later(rest, let_one_try, state["period"])

    def let_one_try(period):
        if state["period"] == period:
            state["permits"] = 1

    async def result_of(item):
        if not state["permits"]:
            return await fallback(item)
        state["permits"] -= 1
        period = state["period"]
        try:
            result = await service(item)
        except Exception as error:
            if state["period"] == period:
                in_a_row.append(error)
                if len(in_a_row) >= threshold:
                    open_it()
            return await fallback(item)
        if state["period"] == period:
            in_a_row.clear()
            state["permits"] = float("inf")
        return result

    async def work():
        async for item in source:
            await sink.send(await result_of(item))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(work())
    sink.close()
