import asyncio
from asyncio import create_task, sleep
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import virtual_time
from pipeline_kit.patterns.producer_consumer import producer_consumer


def now() -> float:
    return asyncio.get_running_loop().time()


async def every(seconds: float, items: list[int]) -> AsyncIterator[int]:
    for item in items:
        await sleep(seconds)
        yield item


async def test_all_that_is_produced_is_consumed() -> None:
    consumed: list[int] = []
    await producer_consumer([range(3), every(1, [7, 8])], consumed.append, consumers=2, capacity=1)
    assert sorted(consumed) == [0, 1, 2, 7, 8]


async def test_the_slower_side_sets_the_pace() -> None:
    async def consume(item: int) -> None:
        await sleep(2)

    await producer_consumer([every(1, [0] * 10)], consume)
    assert now() == 1 + 10 * 2
    await producer_consumer([every(1, [0] * 10)], consume, consumers=2)
    assert now() == 21 + 10 * 1 + 2


async def test_the_channel_holds_no_more_than_its_capacity() -> None:
    def count() -> Iterator[int]:
        for item in range(100):
            produced.append(item)
            yield item

    produced: list[int] = []
    running = create_task(producer_consumer([count()], lambda item: sleep(1), capacity=3))
    await sleep(10.5)
    assert len(produced) == 11 + 3 + 1  # worked on, in the channel, and in the producer's hand
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.parametrize("side", ["producer", "consumer"])
async def test_an_error_on_either_side_ends_both(side: str) -> None:
    async def produce() -> AsyncIterator[int]:
        try:
            yield 1
            await sleep(1)
            if side == "producer":
                raise ValueError("broken")
            await sleep(100)
        finally:
            closed.append(True)

    def consume(item: int) -> None:
        if side == "consumer":
            raise ValueError("broken")

    closed: list[bool] = []
    with pytest.raises(ExceptionGroup) as failures:
        await producer_consumer([produce(), every(10, [1])], consume)
    assert failures.group_contains(ValueError, match="broken")
    assert now() <= 1
    assert closed == [True]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("side", ["producer", "consumer"])
async def test_a_cancellation_that_nobody_asked_for_is_an_error(side: str) -> None:
    """Or a producer would end early without a word, and without consumers the others hang."""

    async def produce() -> AsyncIterator[int]:
        yield 1
        if side == "producer":
            raise asyncio.CancelledError

    async def consume(item: int) -> None:
        if side == "consumer":
            raise asyncio.CancelledError

    with pytest.raises(ExceptionGroup) as failures:
        await producer_consumer([produce(), every(10, [1])], consume)
    assert failures.group_contains(RuntimeError, match=f"what a {side} waited for was cancelled")


async def test_no_producers_are_soon_done() -> None:
    await producer_consumer([], print)
    assert now() == 0


async def test_producers_are_several_and_iterable() -> None:
    with pytest.raises(TypeError, match=r"producers must be several, .* if it is one, put it in"):
        await producer_consumer(every(1, []), print)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match=r"a producer must be iterable, got <function.*; call it"):
        await producer_consumer([every], print)  # type: ignore[list-item] # that is the point
    with pytest.raises(TypeError, match="consume must be callable with one item, got None"):
        await producer_consumer([], None)  # type: ignore[arg-type] # that is the point


async def test_impossible_numbers_are_refused() -> None:
    for consumers in (0, 1.5):
        with pytest.raises(ValueError, match="consumers must be a whole number, 1 or more, got"):
            await producer_consumer([], print, consumers=consumers)  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="capacity must be a whole number of items"):
        await producer_consumer([], print, capacity=-1)


@given(
    st.lists(st.lists(st.integers(0, 3), max_size=5), max_size=4),
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from([None, 1.5, 4]),
)
def test_each_item_is_consumed_once_or_the_run_was_cancelled(
    producers: list[list[int]], consumers: int, capacity: int, cancelled_at: float | None
) -> None:
    """Law: what is consumed is what was produced, each item once, and no task is left."""

    async def consume(item: int) -> None:
        consumed[item] += 1
        await sleep(item)

    async def main() -> None:
        sources = [every(1, items) for items in producers]
        running = create_task(
            producer_consumer(sources, consume, consumers=consumers, capacity=capacity)
        )
        await asyncio.wait([running], timeout=cancelled_at)
        finished = running.done()
        running.cancel()
        await asyncio.wait([running])
        produced = Counter(item for items in producers for item in items)
        assert consumed == produced if finished else consumed <= produced
        assert asyncio.all_tasks() == {asyncio.current_task()}

    consumed = Counter[int]()
    virtual_time.run(main)
