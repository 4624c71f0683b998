"""Looks like a pipeline, but generators that pull from each other take turns.

Fails: test_the_stages_overlap
"""


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    first = (await stage1(item) async for item in source)
    second = (await stage2(item) async for item in first)
    async for item in second:
        await sink.send(await stage3(item))
    sink.close()
