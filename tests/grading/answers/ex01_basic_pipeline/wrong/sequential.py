"""Does one thing after another.

Fails: test_the_stages_overlap
"""


async def basic_pipeline(source, stage1, stage2, stage3, sink):
    async for item in source:
        await sink.send(await stage3(await stage2(await stage1(item))))
    sink.close()
