"""A Meter that wraps a stage, items that carry a record, and an event that stops the reporter."""

import asyncio
from collections import Counter, deque


class Meter:
    def __init__(self, name, function):
        self.name, self.function = name, function
        self.done, self.errors, self.busy = 0, Counter(), 0.0

    async def __call__(self, value):
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            result = await self.function(value)
        except Exception as error:
            self.errors[type(error).__name__] += 1
            raise
        finally:
            self.busy += clock() - began
        self.done += 1
        return result

    def figures(self):
        return {"done": self.done, "errors": self.errors.total(), "busy": self.busy}


class Buffer:
    def __init__(self, size):
        self.size, self.items, self.peak, self.closed = size, deque(), 0, False
        self.changed = asyncio.Condition()

    async def put(self, item):
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.items) < self.size)
            self.items.append(item)
            self.peak = max(self.peak, len(self.items))
            self.changed.notify_all()

    async def get(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self.items or self.closed)
            item = self.items.popleft() if self.items else None
            self.changed.notify_all()
            return item

    async def close(self):
        async with self.changed:
            self.closed = True
            self.changed.notify_all()


async def metrics(source, stage1, stage2, stage3, sink, buffer_size, interval, publish):
    clock = asyncio.get_running_loop().time
    meters = [Meter("stage1", stage1), Meter("stage2", stage2), Meter("stage3", stage3)]
    buffers = [Buffer(buffer_size), Buffer(buffer_size)]
    latencies, over = [], asyncio.Event()
    start = clock()

    async def run(meter, record, pass_on):
        try:
            record = {**record, "value": await meter(record["value"])}
        except RuntimeError:
            return
        await pass_on(record)

    async def deliver(record):
        await sink.send(record["value"])
        latencies.append(clock() - record["born"])

    async def first():
        async for item in source:
            await run(meters[0], {"value": item, "born": clock()}, buffers[0].put)
        await buffers[0].close()

    async def later(number, pass_on):
        while record := await buffers[number - 1].get():
            await run(meters[number], record, pass_on)
        if number == 1:
            await buffers[1].close()
        else:
            sink.close()
            over.set()

    async def report():
        while not over.is_set():
            try:
                async with asyncio.timeout(interval):
                    await over.wait()
            except TimeoutError:
                publish(len(latencies))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(report())
        tasks.create_task(first())
        tasks.create_task(later(1, buffers[1].put))
        tasks.create_task(later(2, deliver))
    seconds = clock() - start
    return {
        "stages": {meter.name: meter.figures() for meter in meters},
        "errors": sum((meter.errors for meter in meters), Counter()),
        "peak": {"stage2": buffers[0].peak, "stage3": buffers[1].peak},
        "throughput": len(latencies) / seconds if latencies else 0,
        "latency": sum(latencies) / len(latencies) if latencies else 0,
        "bottleneck": max(meters, key=lambda meter: meter.busy).name,
    }
