"""Keeps both limits, and takes one item after the other through all stages.

Fails: test_the_stages_overlap
"""

import asyncio


async def pipeline_with_timeout(
    source, stage1, stage2, stage3, sink, errors, stage_timeout, deadline
):
    with sink, errors:
        async with asyncio.timeout(deadline):
            async for item in source:
                value = item
                try:
                    for stage in (stage1, stage2, stage3):
                        async with asyncio.timeout(stage_timeout):
                            value = await stage(value)
                except TimeoutError as error:
                    await errors.send(item, error)
                else:
                    await sink.send(value)
