import asyncio
import operator
from asyncio import create_task, sleep
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import (
    Channel,
    ChannelClosed,
    Pipeline,
    Stage,
    StageError,
    WouldBlock,
    virtual_time,
)
from pipeline_kit.routing import Lanes, choose, lane_of

RECORD = pytest.mark.parametrize("record", [False, True], ids=["plain", "recorded"])


def now() -> float:
    return asyncio.get_running_loop().time()


def remainder(item: int, lanes: int) -> int:
    return item % lanes


class Turns:
    """A route with a memory."""

    def __init__(self) -> None:
        self.turn = -1

    def __call__(self, item: Any, lanes: int) -> int:
        self.turn += 1
        return self.turn % lanes


async def test_an_item_goes_to_the_lane_that_the_route_says() -> None:
    with Lanes[int](remainder, 3, capacity=2) as channel:
        for item in range(6):
            await channel.send(item)
    assert [[item async for item in lane] for lane in channel.lanes] == [[0, 3], [1, 4], [2, 5]]


async def test_a_full_lane_blocks_nobody_who_sends_to_another() -> None:
    with Lanes[int](remainder, 2, capacity=1) as channel:
        channel.send_nowait(0)
        with pytest.raises(WouldBlock):
            channel.send_nowait(2)
        blocked = create_task(channel.send(2))
        await sleep(1)
        await channel.send(1)
        assert channel.statistics().waiting_senders == 1
        assert await channel.lanes[0].receive() == 0
        await blocked
    assert [[item async for item in lane] for lane in channel.lanes] == [[2], [1]]


async def test_closing_closes_all_lanes() -> None:
    channel = Lanes[int](remainder, 2)
    waiting = create_task(channel.send(1))
    await sleep(0)
    channel.close()
    with pytest.raises(ChannelClosed):
        await waiting
    with pytest.raises(ChannelClosed):
        channel.send_nowait(0)
    assert [[item async for item in lane] for lane in channel.lanes] == [[], []]


async def test_statistics_are_those_of_all_lanes_together() -> None:
    with Lanes[int](remainder, 2, capacity=3, name="both") as channel:
        for item in (0, 2, 1):
            channel.send_nowait(item)
        await channel.lanes[0].receive()
        statistics = channel.statistics()
    assert (statistics.capacity, statistics.depth, statistics.peak_depth) == (6, 2, 3)
    assert (statistics.sent, statistics.received, statistics.closed) == (3, 1, False)
    assert repr(channel) == "<Lanes 'both': [1, 1] of 6, closed>"


@pytest.mark.parametrize("number", [-1, 3, "0", 1.5])
def test_a_lane_that_is_none_is_refused(number: Any) -> None:
    """A negative index would quietly be the last lane, one too large a panic."""
    with pytest.raises(ValueError, match=f"lane from 0 to 2, got {number!r} for item 'x'"):
        choose(lambda item, lanes: number, "x", 3)


def test_only_lanes_give_each_worker_its_own() -> None:
    plain = Channel[int]()
    assert lane_of(plain, 1) is plain
    lanes = Lanes[int](remainder, 2)
    assert lane_of(lanes, 1) is lanes.lanes[1]


@RECORD
async def test_each_worker_of_a_stage_with_a_route_gets_what_the_route_says(record: bool) -> None:
    workers: dict[str, list[int]] = {}

    async def work(item: int) -> int:
        task = asyncio.current_task()
        assert task
        workers.setdefault(task.get_name(), []).append(item)
        await sleep(1)
        return item

    pipeline = Pipeline(Stage(work, workers=3, buffer=4, route=remainder))
    async with pipeline.run(range(12), record=record) as run:
        assert sorted([item async for item in run]) == list(range(12))
    assert workers == {f"work {n}": [n, n + 3, n + 6, n + 9] for n in range(3)}
    assert now() == 4
    metrics = run.metrics[0]
    assert (metrics.taken, metrics.passed_on, metrics.queue.capacity) == (12, 12, 12)
    if record:
        starts = run.trace.of("work", "started")
        assert {(e.item % 3, e.worker) for e in starts} == {(0, 0), (1, 1), (2, 2)}
        assert len(run.trace.of("work", "queued")) == 12
        assert run.trace.depth("work").at(0.5) == 9


async def test_a_route_with_a_memory_begins_anew_in_each_run() -> None:
    pipeline = Pipeline(Stage(str, workers=2, route=Turns()))
    for _ in range(2):
        async with pipeline.run("abc", record=True) as run:
            _ = [result async for result in run]
        assert [e.worker for e in run.trace.of("str", "started")] == [0, 1, 0]


@pytest.mark.parametrize(
    "before", [[], [Stage(int)], [Stage(int, workers=2)], [Stage(int, workers=2, ordered=True)]]
)
@RECORD
async def test_a_wrong_route_ends_the_run_with_the_stage_the_item_and_what_to_do(
    before: list[Stage], record: bool
) -> None:
    wrong = Stage(str, workers=2, route=lambda item, lanes: item)
    with pytest.raises(StageError, match=r"stage 'str' failed on item -1.*from 0 to 1, got -1"):
        async with Pipeline(*before, wrong).run([0, -1], record=record) as run:
            async for _ in run:
                pass


async def test_an_error_of_another_run_that_is_the_source_is_one_of_the_source() -> None:
    async def source() -> AsyncIterator[str]:
        wrong = Stage(str, name="same", workers=2, route=lambda item, lanes: item)
        async with Pipeline(wrong).run([-1]) as run:
            async for result in run:
                yield result

    message = "the source failed after 0 items: StageError: stage 'same' failed on item -1"
    with pytest.raises(StageError, match=message):
        await Pipeline(Stage(str, name="same")).collect(source())


def test_a_stage_with_a_route_has_plain_lanes_and_no_order_over_all() -> None:
    with pytest.raises(TypeError, match="route must be a function of an item and a number, got 3"):
        Stage(str, route=3)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match=r"remainder.*; if it makes one, call it"):
        Stage(str, route=partial(remainder, 3))
    Stage(str, route=operator.mod)
    for options in ({"ordered": True}, {"channel": Channel}):
        with pytest.raises(ValueError, match="with a route each worker has a plain channel"):
            Stage(str, route=remainder, **options)  # type: ignore[arg-type] # one option at a time


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=12),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from([None, 0.5, 2.5]),
)
def test_every_item_is_worked_on_once_by_its_worker_or_the_run_ended_early(
    items: list[tuple[int, int]], workers: int, buffer: int, leave_at: float | None
) -> None:
    """Law: a route loses and duplicates nothing, keeps each lane's order, and leaves no task."""

    async def work(item: tuple[int, int]) -> tuple[int, int]:
        await sleep(item[1])
        return item

    def by_first(item: tuple[int, int], lanes: int) -> int:
        return item[0] % lanes

    async def main() -> None:
        pipeline = Pipeline(Stage(work, workers=workers, buffer=buffer, route=by_first))
        out: list[Any] | None = None
        async with pipeline.run(items) as run:
            with suppress(TimeoutError):
                async with asyncio.timeout(leave_at):
                    out = [item async for item in run]
        assert asyncio.all_tasks() == {asyncio.current_task()}
        for lane in range(workers if out is not None else 0):
            expected = [item for item in items if by_first(item, workers) == lane]
            assert [item for item in out or () if by_first(item, workers) == lane] == expected

    virtual_time.run(main)
