import asyncio
import os
import subprocess
import sys
from asyncio import TaskGroup, create_task, sleep
from collections import Counter, namedtuple
from collections.abc import AsyncIterator, Hashable, Iterator
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Channel, ChannelClosed, DeadlockError, Pipeline, Stage, virtual_time
from pipeline_kit.patterns.fan_out import (
    fan_in,
    fan_out,
    forward,
    partition_by,
    round_robin,
    stable_hash,
)
from pipeline_kit.routing import Route

Job = tuple[Any, float]
"""A key, and how many seconds the job takes."""


def now() -> float:
    return asyncio.get_running_loop().time()


def key_of(job: Job) -> Any:
    return job[0]


async def work(job: Job) -> Job:
    await sleep(job[1])
    return job


async def source(jobs: list[Job]) -> AsyncIterator[Job]:
    for job in jobs:
        yield job


async def worker(inbox: Channel[Job], outbox: Channel[Job], log: list[Job]) -> None:
    with outbox:
        async for job in inbox:
            log.append(job)
            await outbox.send(await work(job))


async def through(
    jobs: list[Job], workers: int, route: Route, *, capacity: int = 100, window: int | None = None
) -> tuple[list[tuple[float, Job]], list[list[Job]]]:
    """Return when each result came out, and what each worker worked on."""
    inboxes = [Channel[Job](capacity) for _ in range(workers)]
    outboxes = [Channel[Job]() for _ in range(workers)]
    results, logs = Channel[Job](), [list[Job]() for _ in range(workers)]
    order = None if window is None else Channel[int](window)
    async with TaskGroup() as group:
        group.create_task(fan_out(source(jobs), inboxes, route=route, order=order))
        for inbox, outbox, log in zip(inboxes, outboxes, logs, strict=True):
            group.create_task(worker(inbox, outbox, log))
        group.create_task(fan_in(outboxes, results, order=order))
        return [(now(), job) async for job in results], logs


async def test_round_robin_gives_each_worker_an_item_in_turn() -> None:
    _, logs = await through([(n, 1) for n in range(7)], 3, round_robin())
    assert [[key for key, _ in log] for log in logs] == [[0, 3, 6], [1, 4], [2, 5]]
    assert now() == 3


@pytest.mark.parametrize("key", ["one", -1, (2, "x"), None, 3.5, frozenset({1}), b"bytes"])
async def test_the_same_key_goes_to_the_same_worker(key: Hashable) -> None:
    _, logs = await through([(key, 1)] * 4, 3, partition_by(key_of))
    assert sorted(map(len, logs)) == [0, 0, 4]
    assert now() == 4


async def test_results_come_as_they_are_ready_unless_order_is_asked_for() -> None:
    jobs = [("slow", 5.0), ("b", 1.0), ("c", 1.0), ("d", 1.0)]
    as_they_come, _ = await through(jobs, 2, round_robin())
    assert [key for _, (key, _) in as_they_come] == ["b", "d", "slow", "c"]
    in_order, _ = await through(jobs, 2, round_robin(), window=10)
    assert [key for _, (key, _) in in_order] == ["slow", "b", "c", "d"]


@pytest.mark.parametrize("window", [0, 1, 2, 5])
async def test_a_slow_item_holds_back_no_more_than_the_window(window: int) -> None:
    jobs = [("slow", 100.0), *((number, 1.0) for number in range(20))]
    begun: list[list[Job]] = []

    async def look() -> None:
        await sleep(99)
        begun.extend(logs)

    inboxes, outboxes = ([Channel[Job](9) for _ in range(8)] for _ in range(2))
    results, logs, order = Channel[Job](99), [list[Job]() for _ in range(8)], Channel[int](window)
    async with TaskGroup() as group:
        group.create_task(fan_out(source(jobs), inboxes, route=round_robin(), order=order))
        for ends in zip(inboxes, outboxes, logs, strict=True):
            group.create_task(worker(*ends))
        group.create_task(fan_in(outboxes, results, order=order))
        await look()
        assert sum(map(len, begun)) == 1 + window
    assert [job async for job in results] == jobs


async def test_defect_9_a_slow_worker_blocks_nobody_if_the_first_free_one_is_served() -> None:
    """`ID % n` lets all items wait behind those of the slow worker; nobody has to."""
    jobs = [(n, 10.0 if n == 0 else 1.0) for n in range(9)]
    by_remainder = Stage(work, workers=2, route=lambda job, lanes: job[0] % lanes)
    started = now()
    await Pipeline(by_remainder).collect(jobs)
    assert now() - started == 10 + 4
    started = now()
    async with Pipeline(Stage(work, workers=2)).run(jobs) as run:
        assert [key async for key, _ in run] == [*range(1, 9), 0]
    assert now() - started == 10


async def test_defect_9_skewed_identifiers_do_not_skew_the_load() -> None:
    """Identifiers that are all even leave every second worker of `ID % n` idle."""
    jobs = [(8 * n, 1.0) for n in range(400)]
    _, by_remainder = await through(jobs, 4, lambda job, lanes: job[0] % lanes)
    assert list(map(len, by_remainder)) == [400, 0, 0, 0]
    _, in_turn = await through(jobs, 4, round_robin())
    assert list(map(len, in_turn)) == [100, 100, 100, 100]
    _, by_key = await through(jobs, 4, partition_by(key_of))
    assert max(map(len, by_key)) < 120


async def test_defect_9_a_negative_identifier_is_a_key_like_any_other() -> None:
    """In Go, -1 % n is -1, which is no index; ours take it, and refuse a route that says it."""
    for route in (round_robin(), partition_by(key_of)):
        out, _ = await through([(-1, 1)], 3, route)
        assert [job for _, job in out] == [(-1, 1)]
    outboxes = [Channel[Job](1) for _ in range(3)]
    with pytest.raises(ValueError, match="route must return a lane from 0 to 2, got -1"):
        await fan_out(source([(-1, 1)]), outboxes, route=lambda job, lanes: job[0])
    assert all(outbox.closed for outbox in outboxes)


def test_defect_10_whoever_reads_the_results_need_not_have_read_them_before() -> None:
    """The listing distributes and waits before it returns: its caller never gets to read."""
    jobs: list[Job] = [(n, 1) for n in range(9)]

    async def as_in_the_listing() -> None:
        inboxes, results = [Channel[Job]() for _ in range(3)], Channel[Job]()
        async with TaskGroup() as group:
            group.create_task(fan_out(source(jobs), inboxes, route=round_robin()))
            for inbox in inboxes:
                group.create_task(fan_in([inbox], results))
        _ = [job async for job in results]

    async def ours() -> list[Job]:
        async with Pipeline(Stage(work, workers=3, route=round_robin())).run(jobs) as run:
            await sleep(100)  # a caller who takes her time
            return [job async for job in run]

    with pytest.raises(DeadlockError):
        virtual_time.run(as_in_the_listing)
    assert sorted(virtual_time.run(ours)) == jobs


async def test_each_stage_scales_on_its_own() -> None:
    async def slow(job: Job) -> Job:
        await sleep(3)
        return job

    stages = Stage(work, workers=2, buffer=9), Stage(slow, workers=6, buffer=9)
    await Pipeline(*stages).collect([(n, 1) for n in range(12)])
    assert now() == 6 + 3


async def test_a_route_works_inside_a_pipeline_and_keeps_the_order_of_each_key() -> None:
    jobs = [("a", 3.0), ("b", 1.0), ("a", 1.0), ("b", 1.0)]
    stage = Stage(work, workers=8, buffer=4, route=partition_by(key_of))
    async with Pipeline(stage).run(jobs, record=True) as run:
        out = [job async for job in run]
    assert [job for job in out if job[0] == "a"] == [("a", 3.0), ("a", 1.0)]
    assert len({e.worker for e in run.trace.of("work", "started") if e.item in (0, 2)}) == 1


async def test_an_outbox_that_is_closed_by_its_worker_ends_the_fan_out() -> None:
    gone, other = Channel[Job](9), Channel[Job](9)
    gone.close()
    with pytest.raises(ChannelClosed):
        await fan_out(source([("a", 1), ("b", 1)]), [other, gone], route=round_robin())
    assert other.closed


async def test_a_route_with_a_memory_begins_anew_each_time() -> None:
    route = round_robin()
    for _ in range(2):
        _, logs = await through([(n, 1) for n in range(3)], 2, route)
        assert list(map(len, logs)) == [2, 1]


async def test_a_generator_that_is_forwarded_is_closed_when_that_is_cancelled() -> None:
    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(9):
                yield number
        finally:
            closed.append(now())

    def numbers_plain() -> Iterator[int]:
        try:
            yield from range(9)
        finally:
            closed.append(now())

    closed: list[float] = []
    for source in (numbers(), numbers_plain()):  # held here, so that nobody else closes them
        forwarding = create_task(forward(source, Channel[int]()))
        await sleep(1)
        forwarding.cancel()
        await asyncio.wait([forwarding])
    assert closed == [1, 2]


async def test_an_inbox_that_fails_ends_the_fan_in() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ValueError("broken")

    results, never = Channel[int](9), Channel[int]()
    with pytest.raises(ExceptionGroup) as failures:
        await fan_in([broken(), never], results)
    assert failures.group_contains(ValueError, match="broken")
    assert [item async for item in results] == [1]
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    ("returned", "message"),
    [(0, "worker 0 has ended, but owes a result"), (2, "worker 0 returned 'x' as well")],
)
async def test_order_needs_one_result_for_each_item(returned: int, message: str) -> None:
    order, inbox, results = Channel[int](1), Channel[str](5), Channel[str](5)
    order.send_nowait(0)
    for _ in range(returned):
        inbox.send_nowait("x")
    inbox.close(), order.close()
    with pytest.raises(RuntimeError, match=message):
        await fan_in([inbox], results, order=order)


async def test_what_is_no_route_is_refused_at_once() -> None:
    for forgotten in (round_robin, partition_by):
        with pytest.raises(TypeError, match=r"if it makes one, call it: round_robin\(\)"):
            Stage(work, route=forgotten)  # type: ignore[arg-type] # that is the point
        with pytest.raises(TypeError, match="got <function"):
            await fan_out(source([]), [Channel()], route=forgotten)  # type: ignore[arg-type] # too
    with pytest.raises(TypeError, match=r"key must be a function .* try itemgetter\('user'\)"):
        partition_by("user")  # type: ignore[arg-type] # that is the point


async def test_a_fan_out_needs_somewhere_to_go() -> None:
    with pytest.raises(ValueError, match="outboxes must be one channel or more, got none"):
        await fan_out(source([]), [], route=round_robin())


class Colour(StrEnum):
    RED = "red"


class Folded(str):
    """A string whose case does not matter."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.lower() == other.lower()

    def __hash__(self) -> int:
        return hash(self.lower())


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("key", "equal"),
    [
        (1, 1.0),
        (1, True),
        ("red", Colour.RED),
        (Folded("Red"), Folded("rED")),
        ((1, "a"), (1.0, "a")),
        ((1, 2), Point(1, 2)),
        (-0.0, 0),
    ],
)
def test_keys_that_are_equal_have_the_same_hash(key: Hashable, equal: Hashable) -> None:
    assert key == equal
    assert stable_hash(key) == stable_hash(equal)


def test_the_hash_is_the_same_in_every_process() -> None:
    keys = "['text', -7, 2.5, b'bytes', ('a', 1), '\\udcff']"
    program = f"from pipeline_kit.patterns.fan_out import *; print([*map(stable_hash, {keys})])"
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    seeds = ({**os.environ, **path, "PYTHONHASHSEED": seed} for seed in "12")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env=e, check=True, capture_output=True
        ).stdout
        for e in seeds
    }
    assert len(outputs) == 1


def test_keys_spread_evenly() -> None:
    for step in (1, 2, 3, 4, 8, 10, 64):
        for lanes in (2, 3, 4, 5, 8, 16):
            load = Counter(stable_hash(step * number) % lanes for number in range(1600))
            assert max(load.values()) < 1.25 * 1600 / lanes


def test_a_key_that_cannot_be_hashed_is_refused() -> None:
    with pytest.raises(TypeError, match="unhashable type"):
        partition_by(key_of)((["list"], 1), 3)


jobs = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 3)), max_size=15)
routes = st.sampled_from([round_robin(), partition_by(key_of)])


@given(jobs, st.integers(1, 4), routes, st.integers(0, 2), st.sampled_from([None, 0, 1, 3]))
def test_each_item_is_worked_on_once_and_in_order_if_asked(
    jobs: list[Job], workers: int, route: Route, capacity: int, window: int | None
) -> None:
    """Law: out comes what went in, each once; within a worker, and over all if asked, in order."""

    async def main() -> None:
        out, logs = await through(jobs, workers, route, capacity=capacity, window=window)
        results = [job for _, job in out]
        assert Counter(results) == Counter(jobs)
        assert Counter(job for log in logs for job in log) == Counter(jobs)
        if window is not None:
            assert results == jobs

    virtual_time.run(main)


@given(jobs, st.integers(1, 4), routes, st.sampled_from([None, 1, 3]), st.integers(0, 12))
def test_a_cancellation_at_any_moment_leaves_no_task_and_no_open_channel(
    jobs: list[Job], workers: int, route: Route, window: int | None, moment: int
) -> None:
    """Law: cancelled at any time, everything ends, and nothing warns of what is left behind."""

    async def main() -> None:
        running = create_task(through(jobs, workers, route, capacity=1, window=window))
        await sleep(moment / 2)
        running.cancel()
        await asyncio.wait([running])
        assert asyncio.all_tasks() == {asyncio.current_task()}

    virtual_time.run(main)
