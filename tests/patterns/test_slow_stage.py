from asyncio import sleep
from typing import Any

import pytest

from pipeline_kit import Pipeline, Stage
from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.patterns.slow_stage import slow_stage


def stage(name: str, seconds: float, **options: Any) -> Stage:
    return Stage(lambda item: sleep(seconds, item), name=name, **options)


@pytest.mark.parametrize(
    ("seconds", "slow"),
    [((3, 1, 1), "a"), ((1, 3, 1), "b"), ((1, 1, 3), "c"), ((2, 3, 2.9), "b"), ((1, 2, 3), "c")],
)
@pytest.mark.parametrize("buffer", [0, 5])
async def test_it_is_where_waiting_to_send_stops(
    seconds: tuple[float, ...], slow: str, buffer: int
) -> None:
    stages = [stage(name, s, buffer=buffer) for name, s in zip("abc", seconds, strict=True)]
    async with Pipeline(*stages).run(range(100)) as run:
        async for _ in run:
            pass
    assert slow_stage(run.metrics) == slow


async def test_many_workers_make_a_long_call_quick() -> None:
    pipeline = Pipeline(stage("a", 1), stage("long calls", 5, workers=10), stage("b", 2))
    async with pipeline.run(range(100)) as run:
        async for _ in run:
            pass
    assert slow_stage(run.metrics) == "b"


async def test_that_many_workers_wait_a_little_each_does_not_add_up() -> None:
    pipeline = Pipeline(stage("a", 1), stage("long calls", 20, workers=10), stage("b", 1.9))
    async with pipeline.run(range(100)) as run:
        async for _ in run:
            pass
    assert slow_stage(run.metrics) == "long calls"


async def test_the_sink_may_be_the_slow_one() -> None:
    async with Pipeline(stage("a", 1), stage("b", 2)).run(range(50)) as run:
        async for _ in run:
            await sleep(3)
    assert slow_stage(run.metrics) == "sink"


async def test_no_stage_is_slow_if_the_source_is() -> None:
    async def source() -> Any:
        for item in range(10):
            yield item
            await sleep(5)

    async with Pipeline(stage("a", 1), stage("b", 2)).run(source()) as run:
        async for _ in run:
            pass
    assert slow_stage(run.metrics) is None


async def test_where_items_are_dropped_nobody_waits_and_yet_it_is_found() -> None:
    async def source() -> Any:
        for item in range(100):
            yield item
            await sleep(1)

    dropping = stage("b", 3, channel=lambda: OverflowChannel(5, overflow="drop_newest"))
    async with Pipeline(stage("a", 0.5), dropping, stage("c", 1)).run(source()) as run:
        async for _ in run:
            pass
    assert slow_stage(run.metrics) == "b"


async def test_with_an_earlier_moment_only_what_happened_since_counts() -> None:
    seconds = {"a": 3.0, "b": 1.0}
    a = Stage(lambda item: sleep(seconds["a"], item), name="a")
    b = Stage(lambda item: sleep(seconds["b"], item), name="b")
    async with Pipeline(a, b).run(range(100)) as run:
        results = aiter(run)
        for _ in range(50):
            await anext(results)
        before = run.metrics
        assert slow_stage(before) == "a"
        seconds.update(a=1.0, b=2.0)
        for _ in range(30):
            await anext(results)
        assert slow_stage(run.metrics, before) == "b"
        assert slow_stage(run.metrics) == "a"
