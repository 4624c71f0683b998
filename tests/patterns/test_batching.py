import asyncio
from asyncio import CancelledError, create_task, sleep
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from itertools import accumulate, chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Channel, Pipeline, Stage, virtual_time
from pipeline_kit.patterns.batching import batched, unbatched


def now() -> float:
    return asyncio.get_running_loop().time()


async def arriving(*times: float) -> AsyncIterator[float]:
    """Yield each of the times when it has come."""
    for time in times:
        await sleep(time - now())
        yield time


def channel_of(*times: float) -> Channel[float]:
    """Return a channel on which the same is sent."""

    async def send() -> None:
        with channel:
            async for time in arriving(*times):
                await channel.send(time)

    channel = Channel[float](100)
    channel.sender = create_task(send())  # type: ignore[attr-defined] # someone must keep it
    return channel


KINDS = pytest.mark.parametrize("source", [arriving, channel_of])


async def timed(batches: AsyncIterator[list[Any]]) -> list[tuple[float, list[Any]]]:
    return [(now(), batch) async for batch in batches]


@KINDS
async def test_a_batch_is_delivered_when_it_is_full(source: Any) -> None:
    out = await timed(batched(source(0, 1, 2, 3, 4, 5), size=3))
    assert out == [(2, [0, 1, 2]), (5, [3, 4, 5])]


@KINDS
async def test_a_batch_is_delivered_when_its_first_item_has_waited_long_enough(
    source: Any,
) -> None:
    out = await timed(batched(source(0, 1, 2, 10, 11, 20), size=3, timeout=2.5))
    assert out == [(2, [0, 1, 2]), (12.5, [10, 11]), (20, [20])]


@KINDS
async def test_the_last_batch_is_delivered_at_the_end_though_it_is_not_full(source: Any) -> None:
    assert await timed(batched(source(0, 1, 2), size=2, timeout=60)) == [(1, [0, 1]), (2, [2])]


async def test_an_empty_source_makes_no_batches() -> None:
    assert await timed(batched([], size=3)) == []
    assert await timed(batched(arriving(), size=3, timeout=1)) == []


async def test_time_does_not_count_while_there_is_no_item() -> None:
    assert await timed(batched(arriving(100), size=2, timeout=1)) == [(100, [100])]


async def test_plain_iterables_are_batched_too() -> None:
    assert [b async for b in batched(range(5), size=2)] == [[0, 1], [2, 3], [4]]


async def test_nothing_is_taken_while_nobody_waits_for_a_batch() -> None:
    channel = channel_of(0, 1, 2, 3, 4, 5)
    batches = batched(channel, size=2, timeout=1.5)
    assert await anext(batches) == [0, 1]
    await sleep(100)
    assert len(channel) == 4
    assert await anext(batches) == [2, 3]


async def test_a_source_that_fails_has_what_it_yielded_delivered_first() -> None:
    async def broken() -> AsyncIterator[int]:
        for item in range(5):
            yield item
        raise ValueError("broken")

    out: list[list[int]] = []
    with pytest.raises(ValueError, match="broken"):
        async for batch in batched(broken(), size=2, timeout=1):
            out.append(batch)
    assert out == [[0, 1], [2, 3], [4]]


async def test_over_a_channel_an_iteration_that_is_cancelled_goes_on_where_it_was() -> None:
    batches = batched(channel_of(0, 1, 2, 3), size=3, timeout=10)
    waiting = create_task(anext(batches))
    await sleep(1.5)
    waiting.cancel()
    with pytest.raises(CancelledError):
        await waiting
    assert await timed(batches) == [(2, [0, 1, 2]), (3, [3])]


async def test_a_batch_that_was_cancelled_is_still_due_when_it_was() -> None:
    batches = batched(channel_of(0, 1, 2, 30), size=9, timeout=10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(batches), 5)
    assert await anext(batches) == [0, 1, 2]
    assert now() == 10


async def test_over_a_channel_leaving_early_leaves_the_rest_in_it() -> None:
    channel = channel_of(0, 1, 2, 3, 4)
    async for batch in batched(channel, size=2, timeout=1.5):
        assert batch == [0, 1]
        break
    assert [item async for item in channel] == [2, 3, 4]


async def test_leaving_early_closes_a_generator_and_leaves_no_task() -> None:
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
                await sleep(1)
        finally:
            closed.append(now())

    def endless_and_plain() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(now())

    closed: list[float] = []
    for source in (endless(), endless_and_plain()):
        async with aclosing(batched(source, size=2, timeout=9)) as batches:  # type: ignore[type-var] # a generator
            async for _ in batches:
                break
    assert closed == [1, 1]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_batch_that_is_dropped_without_closing_is_closed_by_the_loop() -> None:
    async for _ in batched(arriving(*range(99)), size=2, timeout=1):
        break
    await sleep(1)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_batches_go_in_and_out_of_pipelines() -> None:
    total = Stage(sum, name="sum of a batch")
    async with Pipeline(Stage(float)).run(range(10)) as run:
        sums = await Pipeline(total).collect(batched(run, size=4, timeout=1))
    assert sums == [0 + 1 + 2 + 3, 4 + 5 + 6 + 7, 8 + 9]
    assert [item async for item in unbatched(batched(range(5), size=2))] == list(range(5))


def test_impossible_batches_are_refused_at_once() -> None:
    for size in (0, 1.5):
        with pytest.raises(ValueError, match=f"size must be .* 1 or more, got {size}"):
            batched([], size=size)  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="timeout must be above 0 seconds, got 0; None for no"):
        batched([], size=1, timeout=0)
    with pytest.raises(TypeError, match="source must be iterable, sync or async, got 3"):
        batched(3, size=1)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match=r"got <function arriving.*call it: batched\(source\(\)\)"):
        batched(arriving, size=1)  # type: ignore[arg-type] # that is the point


delays = st.lists(st.integers(0, 4), max_size=12)


@given(delays, st.integers(1, 4), st.sampled_from([None, 0.5, 1, 2.5]), st.booleans(), delays)
def test_no_item_is_lost_or_late(
    gaps: list[int], size: int, timeout: float | None, direct: bool, pauses: list[int]
) -> None:
    """Law: batches hold all items in order, 1 to `size` each, none later than `timeout` allows."""

    async def main() -> None:
        times = list(accumulate(gaps))
        out, pause = [], iter(pauses)
        batches = batched((channel_of if direct else arriving)(*times), size=size, timeout=timeout)
        asked = now()
        async for batch in batches:
            assert 1 <= len(batch) <= size
            if timeout is not None:
                assert now() <= max(asked, batch[0]) + timeout
            if len(batch) < size and batch[-1] != times[-1]:
                assert timeout is not None
                assert now() == max(asked, batch[0]) + timeout
            out.append(batch)
            await sleep(next(pause, 0))
            asked = now()
        assert list(chain(*out)) == times
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_time.run(main)


@given(delays, st.integers(1, 4), st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_over_a_channel_cancellations_lose_nothing(
    gaps: list[int], size: int, patience: list[int]
) -> None:
    """Law: however often a wait for a batch is cancelled, all items come in order, each once."""

    async def main() -> None:
        times = list(accumulate(gaps))
        batches, out = batched(channel_of(*times), size=size, timeout=1.5), list[float]()
        for seconds in patience:
            try:
                async with asyncio.timeout(seconds + 0.25):
                    out += await anext(batches)
            except (TimeoutError, StopAsyncIteration):
                pass
        async for batch in batches:
            out += batch
        assert out == times

    virtual_time.run(main)
