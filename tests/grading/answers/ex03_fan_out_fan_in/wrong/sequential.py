"""There are no workers: each item waits for the one before it.

Fails: test_the_workers_work_at_the_same_time
"""


async def fan_out_fan_in(source, work, sink, workers):
    async for item in source:
        await sink.send(await work(item))
    sink.close()
