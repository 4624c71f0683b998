import asyncio
from asyncio import create_task, sleep
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns.buffering import DOUBLE_BELOW, AutotunedBuffer


def now() -> float:
    return asyncio.get_running_loop().time()


async def bursts(size: int, every: float, number: int) -> AsyncIterator[int]:
    """Yield `number` bursts of items, one burst every so many seconds."""
    for burst in range(number):
        await sleep(burst * every - now())
        for item in range(size):
            yield burst * size + item


async def beat(item: Any) -> Any:
    await sleep(1)
    return item


async def capacities(source: Any, buffer: AutotunedBuffer[Any]) -> list[float]:
    """Run a stage of one item a second behind `buffer`; return each capacity it came to."""
    seen = [buffer.capacity]
    async with Pipeline(Stage(beat, channel=lambda: buffer)).run(source) as run:
        async for _ in run:
            if buffer.capacity != seen[-1]:
                seen.append(buffer.capacity)
    return seen


async def test_it_doubles_until_the_bursts_fit_and_then_stays() -> None:
    buffer = AutotunedBuffer[int](max_capacity=100)
    assert await capacities(bursts(10, 20, 30), buffer) == [1, 2, 4, 8, 16]


async def test_it_grows_no_further_than_allowed() -> None:
    buffer = AutotunedBuffer[int](min_capacity=3, max_capacity=10)
    assert await capacities(bursts(50, 100, 10), buffer) == [3, 6, 10]


async def test_a_slow_source_makes_it_no_larger_because_that_would_not_help() -> None:
    buffer = AutotunedBuffer[int](max_capacity=100)
    assert await capacities(bursts(1, 3, 50), buffer) == [1]


async def test_a_source_that_is_always_ahead_makes_it_no_larger_either() -> None:
    buffer = AutotunedBuffer[int](min_capacity=2, max_capacity=100)
    assert await capacities(range(100), buffer) == [2]


async def test_with_room_for_the_burst_the_source_is_never_held_up() -> None:
    for largest, expected in ((1, False), (16, True)):
        punctual: list[bool] = []

        async def source(punctual: list[bool] = punctual) -> AsyncIterator[int]:
            begun = now()
            for burst in range(30):
                await sleep(begun + burst * 20 - now())
                for item in range(10):
                    yield item
                punctual.append(now() == begun + burst * 20)

        await capacities(source(), AutotunedBuffer[int](max_capacity=largest))
        assert all(punctual[-10:]) is expected


async def test_a_large_one_grows_by_steps_instead_of_doubling() -> None:
    assert DOUBLE_BELOW == 2048
    buffer = AutotunedBuffer[int](min_capacity=3000, max_capacity=100_000)
    for item in range(3000):
        buffer.send_nowait(item)
    for _ in range(3000):
        await buffer.receive()
    waiting = create_task(buffer.receive())
    await sleep(0)
    assert buffer.capacity == 3000 + 2048
    await buffer.send(0)
    await waiting


async def test_a_bound_in_bytes_holds_however_large_it_has_grown() -> None:
    heaviest = 0.0

    async def source() -> AsyncIterator[bytes]:
        nonlocal heaviest
        for _ in range(20):
            await sleep(30)
            for _ in range(10):
                yield b"12345"
                heaviest = max(heaviest, buffer.weight)

    buffer = AutotunedBuffer[bytes](max_capacity=100, max_weight=20)
    assert await capacities(source(), buffer) == [1, 2, 4, 8]  # full by weight is not full
    assert heaviest == 20


async def test_each_run_begins_with_a_buffer_of_its_own() -> None:
    stage = Stage(beat, channel=lambda: AutotunedBuffer(max_capacity=64))
    for _ in range(2):
        async with Pipeline(stage).run(range(5)) as run:
            assert run.metrics[0].queue.capacity == 1
            _ = [item async for item in run]


@pytest.mark.parametrize(("smallest", "largest"), [(0, 5), (6, 5), (1, float("inf")), (1, 2.5)])
def test_impossible_bounds_are_refused(smallest: int, largest: int) -> None:
    with pytest.raises(ValueError, match=f"min_capacity={smallest}, max_capacity={largest}"):
        AutotunedBuffer(min_capacity=smallest, max_capacity=largest)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(1, 9)), max_size=40),
    st.integers(1, 4),
    st.integers(0, 12),
    st.integers(1, 3),
)
def test_it_stays_in_its_bounds_and_loses_nothing(
    plan: list[tuple[int, int, int]], smallest: int, more: int, workers: int
) -> None:
    """Law: the capacity only grows, depth and weight stay below their bounds, all items pass."""

    async def source() -> AsyncIterator[tuple[int, int, int]]:
        for item in plan:
            await sleep(item[0])
            yield item
            look()

    async def work(item: tuple[int, int, int]) -> tuple[int, int, int]:
        await sleep(item[1])
        look()
        return item

    def look() -> None:
        assert before[-1] <= buffer.capacity <= smallest + more
        assert len(buffer) <= buffer.capacity
        assert buffer.weight <= 12
        before.append(buffer.capacity)

    async def main() -> None:
        pipeline = Pipeline(Stage(work, workers=workers, channel=lambda: buffer))
        assert sorted(await pipeline.collect(source())) == sorted(plan)

    buffer = AutotunedBuffer[Any](
        min_capacity=smallest, max_capacity=smallest + more, max_weight=12, weigh=lambda i: i[2]
    )
    before = [buffer.capacity]
    virtual_time.run(main)
