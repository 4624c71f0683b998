"""A breaker class with three states by name, and a queue with an end for each worker."""

import asyncio

END = object()


class Breaker:
    def __init__(self, threshold, rest):
        self.threshold, self.rest = threshold, rest
        self.clock = asyncio.get_running_loop().time
        self.state, self.failures, self.opened_at = "closed", 0, None

    def allows(self):
        if self.state == "open" and self.clock() >= self.opened_at + self.rest:
            self.state = "half-open"
            return True
        return self.state == "closed"

    def succeeded(self):
        self.state, self.failures = "closed", 0

    def failed(self):
        self.failures += 1
        if self.state == "half-open" or self.failures >= self.threshold:
            self.state, self.opened_at = "open", self.clock()


async def circuit_breaker(source, service, fallback, sink, workers, threshold, rest):
    breaker = Breaker(threshold, rest)
    queue = asyncio.Queue(maxsize=1)

    async def result_of(item):
        if not breaker.allows():
            return await fallback(item)
        opened_before = breaker.opened_at
        try:
            result = await service(item)
        except RuntimeError:
            if breaker.opened_at == opened_before:
                breaker.failed()
            return await fallback(item)
        if breaker.opened_at == opened_before:
            breaker.succeeded()
        return result

    async def read():
        async for item in source:
            await queue.put(item)
        for _ in range(workers):
            await queue.put(END)

    async def work():
        while (item := await queue.get()) is not END:
            await sink.send(await result_of(item))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        for _ in range(workers):
            tasks.create_task(work())
    sink.close()
