import asyncio
import time
from asyncio import CancelledError, sleep
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_kit import (
    FILTERED,
    Channel,
    DeadlockError,
    Pipeline,
    Run,
    Stage,
    StageError,
    virtual_time,
)
from pipeline_kit.layer import invoke

RECORD = pytest.mark.parametrize("record", [False, True], ids=["plain", "recorded"])


def now() -> float:
    return asyncio.get_running_loop().time()


async def beat(item: Any) -> Any:
    await sleep(1)
    return item


def double(item: int) -> int:
    return 2 * item


def filtered(item: int) -> Any:
    return FILTERED


class Plain:
    """A layer that does nothing."""

    async def call(self, function: Callable[[Any], Any], item: Any) -> Any:
        return await invoke(function, item)


def stage(name: str, function: Callable[[Any], Any] = beat, **options: Any) -> Stage:
    return Stage(function, name=name, **options)


def assert_nothing_is_left(run: Run) -> None:
    """Every task but the caller's has ended, and every channel is closed."""
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert all(metrics.queue.closed for metrics in run.metrics)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_each_item_passes_through_all_stages_in_order() -> None:
    pipeline = Pipeline(Stage(double), stage("plus one", lambda x: x + 1), Stage(str))
    assert await pipeline.collect([1, 2, 3]) == ["3", "5", "7"]


@RECORD
async def test_stages_overlap(record: bool) -> None:
    async with Pipeline(stage("a"), stage("b"), stage("c")).run(range(10), record=record) as run:
        assert [item async for item in run] == list(range(10))
    assert now() == 10 + 3 - 1
    assert_nothing_is_left(run)


async def test_a_buffer_absorbs_a_burst_that_a_rendezvous_would_hold_up() -> None:
    async def uneven(item: int) -> int:
        await sleep(4 if item == 0 else 0)
        return item

    async def source() -> AsyncIterator[int]:
        for item in range(5):
            yield item
            await sleep(1)
        finished.append(now())

    finished: list[float] = []
    for buffer in (0, 10):
        await Pipeline(stage("uneven", uneven, buffer=buffer)).collect(source())
    assert finished == [8.0, 8.0 + 5.0]


async def test_a_full_buffer_holds_the_stage_before_it_back() -> None:
    produced = 0

    def source() -> Iterator[int]:
        nonlocal produced
        for item in range(100):
            produced = item
            yield item

    async with Pipeline(stage("slow", buffer=3)).run(source(), record=True):
        await sleep(0.5)
        assert produced == 4  # one being worked on, three in the buffer, one in the source's hand


async def test_workers_of_a_stage_work_at_the_same_time() -> None:
    assert sorted(await Pipeline(stage("a", workers=5)).collect(range(10))) == list(range(10))
    assert now() == 2.0


async def test_results_leave_as_they_come_or_in_order_if_asked() -> None:
    async def wait(seconds: int) -> int:
        await sleep(seconds)
        return seconds

    assert await Pipeline(stage("a", wait, workers=3)).collect([3, 1, 1, 2]) == [1, 1, 3, 2]
    ordered = Pipeline(stage("a", wait, workers=3, ordered=True))
    assert await ordered.collect([3, 1, 1, 2]) == [3, 1, 1, 2]


@RECORD
async def test_a_lambda_may_call_an_async_function(record: bool) -> None:
    pipeline = Pipeline(stage("a", lambda x: beat(x + 1), buffer=9), buffer=9)
    async with pipeline.run([1, 2, 3], record=record) as run:
        assert [item async for item in run] == [2, 3, 4]
    assert now() == 3.0


@pytest.mark.parametrize("items", [[], [None], [0, False, "", None], [ValueError("an item")]])
@RECORD
async def test_any_value_can_be_an_item(items: list[object], record: bool) -> None:
    async with Pipeline(stage("a", lambda item: item)).run(items, record=record) as run:
        assert [item async for item in run] == items


async def generate_many() -> AsyncIterator[int]:
    for item in range(100):
        yield item


async def generate() -> AsyncIterator[int]:
    for item in range(3):
        yield item


@pytest.mark.parametrize("make", [lambda: range(3), lambda: iter([0, 1, 2]), generate])
async def test_a_source_is_any_iterable(make: Callable[[], Any]) -> None:
    assert await Pipeline(Stage(double)).collect(make()) == [0, 2, 4]


async def test_a_source_can_be_a_channel() -> None:
    with Channel[int](3) as channel:
        for item in range(3):
            channel.send_nowait(item)
    assert await Pipeline(Stage(double)).collect(channel) == [0, 2, 4]


async def test_a_pipeline_can_run_twice_at_the_same_time() -> None:
    pipeline = Pipeline(stage("a"), stage("b"))
    first, second = await asyncio.gather(pipeline.collect([1, 2]), pipeline.collect([3, 4]))
    assert (first, second) == ([1, 2], [3, 4])
    assert now() == 3.0


def fail_on(bad: object, error: Exception) -> Callable[[Any], Any]:
    async def fail(item: object) -> object:
        await sleep(1)
        if item == bad:
            raise error
        return item

    return fail


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("workers", [1, 3])
@RECORD
async def test_a_failing_stage_names_itself_and_the_item(
    place: int, workers: int, record: bool
) -> None:
    stages = [stage(name, workers=workers) for name in "abc"]
    stages[place] = stage("bad", fail_on(5, ValueError("five")), workers=workers)
    with pytest.raises(StageError, match=r"stage 'bad' failed on item 5.*: ValueError: five") as e:
        async with Pipeline(*stages).run(range(100), record=record) as run:
            async for _ in run:
                pass
    assert (e.value.stage, e.value.item) == ("bad", 5)
    assert isinstance(e.value.__cause__, ValueError)
    assert_nothing_is_left(run)


async def test_failures_in_the_same_moment_are_noted_on_the_first() -> None:
    async def fail(item: int) -> int:
        await sleep(1)
        raise ValueError("together")

    with pytest.raises(StageError, match="failed on item 0") as caught:
        async with Pipeline(stage("bad", fail, workers=3)).run(range(9)) as run:
            async for _ in run:
                pass
    notes = [
        f"Meanwhile: stage 'bad' failed on item {item}: ValueError: together" for item in (1, 2)
    ]
    assert caught.value.__notes__ == notes
    assert_nothing_is_left(run)


async def test_a_failure_in_the_fast_lane_keeps_what_came_before_it() -> None:
    def fail(item: int) -> int:
        return 10 // (item - 50)

    results = []
    with pytest.raises(StageError, match="failed on item 50: ZeroDivisionError"):
        async with Pipeline(Stage(double, buffer=7), Stage(fail, buffer=7)).run(range(99)) as run:
            async for result in run:
                results.append(result)
    assert results == [10 // (item - 50) for item in range(0, 50, 2)]
    assert_nothing_is_left(run)


def failing() -> Iterator[int]:
    yield from range(3)
    raise OSError("disk on fire")


async def failing_async() -> AsyncIterator[int]:
    for item in range(3):
        yield item
    raise OSError("disk on fire")


@pytest.mark.parametrize("source", [failing, failing_async])
@RECORD
async def test_a_failing_source_says_after_how_many_items(
    source: Callable[[], Any], record: bool
) -> None:
    message = "the source failed after 3 items: OSError: disk on fire"
    with pytest.raises(StageError, match=message):
        async with Pipeline(stage("a", buffer=9)).run(source(), record=record) as run:
            async for _ in run:
                pass
    assert_nothing_is_left(run)


@RECORD
async def test_an_error_of_the_consumer_passes_through_as_it_is(record: bool) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with Pipeline(stage("a"), stage("b")).run(range(100), record=record) as run:
            async for _ in run:
                raise KeyError("mine")
    assert_nothing_is_left(run)


async def test_a_failure_in_the_same_moment_as_the_consumers_own_is_noted_on_it() -> None:
    async def fail(item: int) -> int:
        raise ValueError("stage")

    with pytest.raises(KeyError) as caught:
        async with Pipeline(stage("bad", fail)).run([1]) as run:
            with suppress(CancelledError):
                await sleep(1)
            raise KeyError("mine")
    assert caught.value.__notes__ == ["Meanwhile: stage 'bad' failed on item 1: ValueError: stage"]
    assert_nothing_is_left(run)


@RECORD
async def test_leaving_early_stops_everything(record: bool) -> None:
    async with Pipeline(stage("a", workers=3), stage("b", buffer=2)).run(
        iter(int, 1), record=record
    ) as run:
        async for _ in run:
            break
    assert_nothing_is_left(run)
    assert now() == 2.0


async def test_leaving_without_taking_anything_stops_everything() -> None:
    async with Pipeline(stage("a", buffer=2)).run(range(100)) as run:
        pass
    assert_nothing_is_left(run)


@pytest.mark.parametrize("stages", ["two at once", "one twice"])
async def test_a_channel_that_was_used_before_is_refused(stages: str) -> None:
    channel = Channel[int](5)
    number = 2 if stages == "two at once" else 1
    pipeline = Pipeline(*(stage(name, channel=lambda: channel) for name in "ab"[:number]))
    if number == 1:
        assert await pipeline.collect([1]) == [1]
    with pytest.raises(ValueError, match=r"channel of stage '.' must make a new channel each time"):
        await pipeline.collect([1])
    assert now() == 2.0 - number


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize("moment", ["at once", "early"])
async def test_a_generator_is_closed_when_the_run_ends_early(kind: str, moment: str) -> None:
    closed: list[str] = []

    def plain() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append("plain")

    async def asynchronous() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append("async")

    source = plain() if kind == "plain" else asynchronous()
    _ = next(source) if isinstance(source, Iterator) else await anext(source)  # it has begun
    async with Pipeline(stage("a")).run(source) as run:
        if moment == "early":
            await anext(aiter(run))
    assert closed == [kind]


@pytest.mark.parametrize("moment", [0.0, 0.5, 1.0, 2.5])
@RECORD
async def test_a_cancellation_from_outside_stops_everything(moment: float, record: bool) -> None:
    runs: list[Run] = []

    async def consume() -> None:
        stages = (stage("a", workers=2), stage("b", buffer=1), stage("c", workers=2, ordered=True))
        async with Pipeline(*stages).run(range(100), record=record) as run:
            runs.append(run)
            async for _ in run:
                pass

    task = asyncio.create_task(consume())
    await sleep(moment)
    task.cancel()
    with pytest.raises(CancelledError):
        await task
    if runs:
        assert_nothing_is_left(runs[0])


@RECORD
@given(st.lists(st.booleans(), max_size=12))
def test_a_function_may_be_async_for_some_items_only(record: bool, needs_await: list[bool]) -> None:
    """Law: whichever items it returns a coroutine for, its results are passed on, in order."""

    def maybe_cached(item: int) -> Any:
        return beat(item) if needs_await[item] else item

    async def main() -> list[int]:
        pipeline = Pipeline(stage("a", maybe_cached, buffer=5), buffer=5)
        async with pipeline.run(range(len(needs_await)), record=record) as run:
            return [item async for item in run]

    assert virtual_time.run(main) == list(range(len(needs_await)))


@RECORD
@pytest.mark.parametrize("options", [{}, {"workers": 2}, {"workers": 2, "ordered": True}], ids=str)
async def test_a_cancellation_that_nobody_asked_for_is_a_failure_of_its_item(
    record: bool, options: dict[str, Any]
) -> None:
    """Or the worker would end with its item, and the run as if there had been no more."""

    async def wait_for_a_cancelled_task(item: int) -> int:
        if item == 3:
            other = asyncio.create_task(sleep(1))
            other.cancel()
            await other
        return item

    flaky = stage("flaky", wait_for_a_cancelled_task, buffer=9, on_error=lambda _: None, **options)
    async with Pipeline(flaky, buffer=9).run(range(6), record=record) as run:
        assert [item async for item in run] == [0, 1, 2, 4, 5]
    assert [str(error.item) for error in run.errors] == ["3"]
    assert not record or run.trace.counts(now()).failed == 1
    message = "stage 'a' failed on item 3.*: something that it waited for was cancelled"
    with pytest.raises(StageError, match=message):
        await Pipeline(stage("a", wait_for_a_cancelled_task)).collect(range(6))


async def test_a_source_that_is_cancelled_from_within_has_failed_and_not_ended() -> None:
    async def source() -> AsyncIterator[int]:
        yield 1
        raise CancelledError

    with pytest.raises(StageError, match="the source failed after 1 items: CancelledError"):
        await Pipeline(stage("a")).collect(source())


@pytest.mark.parametrize("deadline", [None, 1.2, 100])
@pytest.mark.parametrize("takes_all", [False, True], ids=["left", "in the block"])
async def test_a_cancellation_from_outside_is_not_lost_if_the_clean_up_fails(
    deadline: float | None, takes_all: bool
) -> None:
    async def fail_in_clean_up(item: int) -> None:
        try:
            await sleep(100)
        finally:
            await shield(1)
            raise ValueError("clean-up")

    async def shield(seconds: float) -> None:
        end = now() + seconds
        while now() < end:
            with suppress(CancelledError):
                await sleep(end - now())

    async def user() -> None:
        with suppress(StageError, TimeoutError):
            async with Pipeline(stage("a", fail_in_clean_up), deadline=deadline).run([1]) as run:
                await sleep(1)
                if takes_all:
                    await anext(aiter(run))
        went_on.append(now())
        await sleep(10)
        went_on.append(now())

    went_on: list[float] = []
    task = asyncio.create_task(user())
    await sleep(1.5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(went_on) <= 1
    assert now() <= 2.5


@pytest.mark.parametrize("deadline", [1.2, 100])
async def test_after_a_failure_in_the_clean_up_nobody_is_cancelled(deadline: float) -> None:
    async def fail_in_clean_up(item: int) -> None:
        try:
            await sleep(100)
        finally:
            raise ValueError("clean-up")

    with suppress(StageError, TimeoutError):
        async with Pipeline(stage("a", fail_in_clean_up), deadline=deadline).run([1]):
            await sleep(1 if deadline > 2 else 2)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await sleep(1)


async def test_a_timeout_around_a_run_works_also_after_a_failure_inside() -> None:
    async with asyncio.timeout(10) as timeout:
        with suppress(StageError):
            await Pipeline(stage("bad", lambda item: 1 // item)).collect([0])
        await sleep(5)
    assert not timeout.expired()
    assert now() == 5.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await Pipeline(stage("a")).collect(range(100))


@RECORD
async def test_a_run_ends_at_its_deadline(record: bool) -> None:
    pipeline = Pipeline(stage("a"), stage("b", workers=2), deadline=4.5)
    taken = []
    with pytest.raises(TimeoutError, match=r"the run was stopped at its deadline of 4\.5 s"):
        async with pipeline.run(range(100), record=record) as run:
            async for item in run:
                taken.append(item)
    assert taken == [0, 1, 2]
    assert now() == 4.5
    assert_nothing_is_left(run)


async def test_a_run_within_its_deadline_knows_nothing_of_it() -> None:
    assert await Pipeline(stage("a"), deadline=4.5).collect(range(4)) == [0, 1, 2, 3]
    with pytest.raises(TimeoutError, match="mine"):
        async with Pipeline(stage("a"), deadline=4.5).run([1]):
            raise TimeoutError("mine")
    with pytest.raises(StageError):
        await Pipeline(stage("bad", fail_on(0, ValueError())), deadline=1.5).collect([0])
    await sleep(10)


def test_in_virtual_time_a_deadlock_is_reported_as_one_and_not_as_a_deadline() -> None:
    async def stuck(item: int) -> None:
        await sleep(1)
        await asyncio.Event().wait()

    async def main() -> None:
        await Pipeline(Stage(stuck), deadline=60).collect([1])

    with pytest.raises(DeadlockError, match=r"at 1\.0 s every task waits for another one") as told:
        virtual_time.run(main)
    assert "'stuck' waits in Event.wait" in str(told.value)


async def test_an_item_that_was_skipped_is_not_being_worked_on() -> None:
    slow = stage("slow", fail_on(1, ValueError()), workers=2, on_error=lambda error: None)
    async with Pipeline(slow).run(range(4)) as run:
        seen = []
        async for _ in run:
            [metrics] = run.metrics
            seen.append((metrics.skipped, metrics.working))
        assert seen[-1] == (1, 0)
        assert all(0 <= working <= 2 for _, working in seen)


async def test_a_failing_item_is_skipped_if_the_stage_says_so() -> None:
    def inverse(item: int) -> float:
        return 1 / item

    for options in ({}, {"buffer": 5}, {"workers": 2}, {"workers": 2, "ordered": True}):
        seen: list[StageError] = []
        skipping = stage("inverse", inverse, on_error=seen.append, **options)
        async with Pipeline(skipping).run([1, 0, 2, 0, 4], record=True) as run:
            assert [result async for result in run] == [1, 0.5, 0.25]
        assert [error.item for error in seen] == [0, 0]
        assert list(run.errors) == seen
        assert run.errors.counts == {("inverse", "ZeroDivisionError"): 2}
        assert run.trace.counts(now()).failed == 2


@RECORD
async def test_an_item_that_is_filtered_goes_no_further_and_is_no_failure(record: bool) -> None:
    def odd(item: int) -> Any:
        return item if item % 2 else FILTERED

    async def odd_later(item: int) -> Any:
        await sleep(item)
        return odd(item)

    ways: tuple[dict[str, Any], ...] = ({}, {"buffer": 5}, {"workers": 2}, {"layers": [Plain()]})
    for function in (odd, odd_later):
        for options in (*ways, {"workers": 2, "ordered": True}):
            pipeline = Pipeline(stage("odd", function, **options), Stage(str))
            async with pipeline.run(range(6), record=record) as run:
                assert [result async for result in run] == ["1", "3", "5"]
            metrics = run.metrics[0]
            assert (metrics.taken, metrics.filtered, metrics.passed_on) == (6, 3, 3)
            assert (metrics.working, run.errors.total) == (0, 0)
            if record:
                assert run.trace.counts(now()).filtered == 3
                assert run.trace.counts(now()).in_flight == 0


def test_an_item_can_be_filtered_in_another_process() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        stages = Stage(filtered, executor=pool)
        assert virtual_time.run(lambda: Pipeline(stages).collect(range(3))) == []


async def test_what_on_error_raises_fails_the_run() -> None:
    def refuse(error: StageError) -> None:
        raise RuntimeError("enough") from error

    pipeline = Pipeline(stage("bad", lambda item: 1 // item, on_error=refuse, buffer=3))
    with pytest.raises(RuntimeError, match="enough"):
        await pipeline.collect([1, 2, 0])


class Noting:
    """A layer that makes a note before and after each call."""

    def __init__(self, name: str, notes: list[str]) -> None:
        self.name = name
        self.notes = notes

    async def call(self, function: Callable[[Any], Any], item: Any) -> Any:
        self.notes.append(f"{self.name} {item}")
        result = await invoke(function, item)
        self.notes.append(f"{result} {self.name}")
        return result


@RECORD
async def test_layers_wrap_a_call_outermost_first(record: bool) -> None:
    notes: list[str] = []
    layers = [Noting("outer", notes), Noting("inner", notes)]
    for function in (double, lambda item: beat(2 * item)):
        pipeline = Pipeline(stage("a", function, layers=layers))
        async with pipeline.run([1], record=record) as run:
            assert [result async for result in run] == [2]
        assert notes == ["outer 1", "inner 1", "2 inner", "2 outer"]
        notes.clear()


async def test_clean_up_of_a_stage_runs_before_the_block_is_left() -> None:
    cleaned: list[float] = []

    async def careful(item: int) -> int:
        try:
            await sleep(10)
        finally:
            await sleep(2)
            cleaned.append(now())
        return item

    async with Pipeline(stage("a", careful)).run([1]):
        await sleep(1)
    assert cleaned == [3.0]


@RECORD
@pytest.mark.parametrize(
    "options", [{}, {"buffer": 5}, {"workers": 2}, {"workers": 2, "ordered": True}], ids=str
)
async def test_a_function_that_holds_a_cancellation_back_does_not_hold_up_the_end(
    record: bool, options: dict[str, Any]
) -> None:
    async def stubborn(item: int) -> int:
        with suppress(CancelledError):
            await sleep(10)
        return item

    async with Pipeline(stage("a", stubborn, **options)).run(range(100), record=record) as run:
        await sleep(1)
    assert_nothing_is_left(run)
    assert now() == 1.0


@RECORD
@pytest.mark.parametrize("options", [{"buffer": 5}, {"buffer": 5, "workers": 2}], ids=str)
async def test_a_function_that_makes_an_error_of_a_cancellation_does_not_hold_up_the_end(
    record: bool, options: dict[str, Any]
) -> None:
    async def translate(item: int) -> int:
        try:
            return await beat(item)
        except CancelledError:
            raise ConnectionError("the line is dead") from None

    skip: list[StageError] = []
    pipeline = Pipeline(stage("a", translate, on_error=skip.append, **options))
    async with pipeline.run(range(100), record=record) as run:
        await sleep(0.5)
    assert now() == 0.5
    assert len(skip) == run.errors.total == run.metrics[0].workers


async def test_a_source_that_holds_a_cancellation_back_does_not_hold_up_the_end() -> None:
    async def stubborn() -> AsyncIterator[int]:
        while True:
            with suppress(CancelledError):
                await sleep(1)
            yield 1

    async with Pipeline(stage("a", sleep)).run(stubborn()) as run:
        await sleep(1.5)
    assert_nothing_is_left(run)
    assert now() == 1.5


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_inside_a_stage_reaches_the_caller_as_it_is(
    error: type[BaseException],
) -> None:
    def interrupt(item: int) -> None:
        raise error

    with pytest.raises(error):
        asyncio.run(Pipeline(Stage(interrupt)).collect([1]))


async def test_plain_functions_run_in_threads_if_asked() -> None:
    def slow(item: int) -> int:
        time.sleep(0.001)
        return 2 * item

    with ThreadPoolExecutor(4) as pool:
        pipeline = Pipeline(stage("slow", slow, workers=4, ordered=True, executor=pool))
        assert await pipeline.collect(range(20)) == [2 * item for item in range(20)]
    assert now() == 0.0


def test_plain_functions_run_in_processes_if_asked() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        results = asyncio.run(Pipeline(Stage(double, executor=pool)).collect([1, 2, 3]))
    assert results == [2, 4, 6]


@pytest.mark.parametrize("make", [lambda: range(100), generate_many])
@RECORD
async def test_a_paused_run_drains_and_lets_nothing_in(
    make: Callable[[], Any], record: bool
) -> None:
    pipeline = Pipeline(stage("a", buffer=2), stage("b", buffer=2), buffer=100)
    async with pipeline.run(make(), record=record) as run:
        await sleep(3.5)
        run.pause()
        await sleep(50)
        entered = run.metrics[0].queue.sent
        assert 4 <= entered <= 7
        assert run.metrics[1].passed_on == entered
        run.resume()
        assert [item async for item in run] == list(range(100))
    assert now() == 3.5 + 50 + (100 - entered) + 1


async def test_metrics_say_how_far_each_stage_has_come() -> None:
    async with Pipeline(stage("a", buffer=1), stage("b", lambda _: sleep(5))).run(range(9)) as run:
        await sleep(2.5)
        a, b = run.metrics
        assert (a.taken, a.passed_on, a.working, a.blocked) == (2, 1, 0, 1)
        assert (a.queue.depth, a.queue.waiting_senders) == (1, 1)
        assert (b.taken, b.passed_on, b.working, b.blocked) == (1, 0, 1, 0)
        assert a.behind == b.queue


async def test_a_run_that_is_not_recorded_has_no_trace() -> None:
    async with Pipeline(stage("a")).run([]) as run:
        with pytest.raises(RuntimeError, match=r"use pipeline.run\(source, record=True\)"):
            _ = run.trace


async def test_a_run_runs_once_and_only_inside_its_block() -> None:
    run = Pipeline(stage("a")).run([1])
    with pytest.raises(RuntimeError, match="use `async with"):
        aiter(run)
    with pytest.raises(RuntimeError, match="use `async with"):
        _ = run.metrics
    async with run:
        pass
    with pytest.raises(RuntimeError, match="a run runs once"):
        await run.__aenter__()


def test_a_pipeline_is_checked_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="needs at least one stage"):
        Pipeline()
    with pytest.raises(TypeError, match=r"wrap it, Stage\(…\)"):
        Pipeline(double)  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="there are two stages 'double'; give one another name="):
        Pipeline(Stage(double), Stage(double))
    with pytest.raises(ValueError, match="'sink'"):
        Pipeline(Stage(double, name="sink"))
    with pytest.raises(ValueError, match="buffer must be"):
        Pipeline(Stage(double), buffer=-1)
    with pytest.raises(ValueError, match="deadline must be above 0 seconds, got 0; None for none"):
        Pipeline(Stage(double), deadline=0)


def test_a_source_is_checked_before_the_run() -> None:
    with pytest.raises(TypeError, match=r"got 5; pass a list or a generator"):
        Pipeline(Stage(double)).run(5)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match=r"got <function generate .*>; call it: run\(source\(\)\)"):
        Pipeline(Stage(double)).run(generate)  # type: ignore[arg-type] # that is the point


async def test_quick_plain_stages_let_others_run() -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await sleep(0)

    ticker = asyncio.create_task(tick())
    await Pipeline(Stage(double, buffer=10**6), buffer=10**6).collect(range(50_000))
    ticker.cancel()
    assert ticks > 50_000 / 1024


STAGES = st.lists(
    st.tuples(st.sampled_from(["plain", "async", "slow"]), st.integers(0, 3), st.integers(1, 3)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300)
@given(STAGES, st.integers(0, 30), st.booleans(), st.integers(0, 3), st.floats(0, 40))
def test_every_item_comes_out_once_or_the_run_ended_early(
    shapes: list[tuple[str, int, int]], items: int, record: bool, buffer: int, stop: float
) -> None:
    """Law: whatever the stages, what comes out is what went in; no channel exceeds its capacity."""

    async def at_once(item: int) -> int:
        return item + 1

    async def slow(item: int) -> int:
        await sleep(item % 3)
        return item + 1

    functions = {"plain": lambda item: item + 1, "async": at_once, "slow": slow}
    stages = [
        stage(str(number), functions[kind], buffer=room, workers=workers, ordered=True)
        for number, (kind, room, workers) in enumerate(shapes)
    ]

    async def main() -> None:
        results = []
        with suppress(TimeoutError):
            async with asyncio.timeout(stop):
                async with Pipeline(*stages, buffer=buffer).run(range(items), record=record) as run:
                    async for result in run:
                        results.append(result)
                assert len(results) == items
        assert results == [item + len(stages) for item in range(len(results))]
        for metrics, described in zip(run.metrics, stages, strict=True):
            # A rendezvous keeps an item whose receiver is cancelled on the way: see channel.py.
            left_over = 0 if len(results) == items else described.workers
            assert metrics.queue.peak_depth <= (described.buffer or left_over)
        assert_nothing_is_left(run)

    virtual_time.run(main)
