"""Does one thing after another.

Fails: test_the_stages_overlap
"""


async def buffered_pipeline(source, stage1, stage2, stage3, sink, buffer_size):
    async for item in source:
        await sink.send(await stage3(await stage2(await stage1(item))))
    sink.close()
