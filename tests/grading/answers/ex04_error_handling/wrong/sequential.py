"""Handles every error, and takes one item after the other through all stages.

Fails: test_it_is_a_pipeline
"""


async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    async def through(stage, value, left):
        try:
            return await stage(value)
        except Exception:
            if left == 1:
                raise
        return await through(stage, value, left - 1)

    with sink, errors:
        async for item in source:
            value = item
            try:
                for stage in (stage1, stage2, stage3):
                    value = await through(stage, value, attempts)
            except Exception as error:
                await errors.send(item, error)
            else:
                await sink.send(value)
