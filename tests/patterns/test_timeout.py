import asyncio
import gc
import logging
import math
import pickle
import threading
from asyncio import CancelledError, create_task, sleep
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, StageError, virtual_time
from pipeline_kit.executor import in_executor
from pipeline_kit.layer import invoke, wrap
from pipeline_kit.patterns.timeout import CallTimeoutError, Timeout, TimeoutStatistics

EITHER_WAY = pytest.mark.parametrize("grace", [math.inf, 1000.0])


def now() -> float:
    return asyncio.get_running_loop().time()


def cancelled_by() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def work(seconds: float) -> float:
    await sleep(seconds)
    return seconds


def with_clean_up(seconds: float, *, then: Exception | None = None) -> Any:
    """Return a function that works for as long as its item says, and cleans up if cancelled."""

    async def function(item: float) -> float:
        try:
            await sleep(item)
        except CancelledError:
            await sleep(seconds)
            if then:
                raise then from None
            raise
        return item

    return function


@EITHER_WAY
async def test_a_call_in_time_is_left_alone(grace: float) -> None:
    limit = Timeout(2, grace=grace)
    assert await limit.call(work, 1.5) == 1.5
    assert await limit.call(str.upper, "plain") == "PLAIN"
    with pytest.raises(TypeError):
        await limit.call(len, 3)
    with pytest.raises(TypeError):
        await limit.call(work, "not seconds")
    assert (now(), cancelled_by()) == (1.5, 0)
    assert limit.statistics() == TimeoutStatistics(timed_out=0, abandoned=0, still_running=0)


@EITHER_WAY
async def test_a_call_that_takes_longer_is_cancelled_when_the_time_is_up(grace: float) -> None:
    limit = Timeout(2, grace=grace)
    with pytest.raises(CallTimeoutError, match=r"^the call reached the timeout of 2 s$") as caught:
        await limit.call(work, 3600)
    assert (now(), cancelled_by()) == (2.0, 0)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value.__cause__, CancelledError)
    assert limit.statistics() == TimeoutStatistics(timed_out=1, abandoned=0, still_running=0)


@EITHER_WAY
async def test_the_caller_goes_on_when_the_clean_up_has_ended(grace: float) -> None:
    with pytest.raises(CallTimeoutError):
        await Timeout(1, grace=grace).call(with_clean_up(2), 10)
    assert now() == 3.0


def test_the_error_survives_pickling() -> None:
    """Or a process that raises it breaks the whole pool of processes."""
    error = CallTimeoutError("the timeout of 2 s", still_running=True)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.limit, copy.still_running) == (str(error), error.limit, True)


async def test_clean_up_beyond_the_grace_is_abandoned_counted_and_reported() -> None:
    limit = Timeout(1, grace=0.5)
    with pytest.raises(CallTimeoutError, match="timeout of 1 s, and still runs") as caught:
        await limit.call(with_clean_up(2), 10)
    assert now() == 1.5
    assert caught.value.still_running
    assert limit.statistics() == TimeoutStatistics(timed_out=1, abandoned=1, still_running=1)
    await sleep(2)
    assert limit.statistics() == TimeoutStatistics(timed_out=1, abandoned=1, still_running=0)


async def test_the_task_of_an_abandoned_call_has_a_name_that_tells_where_it_comes_from() -> None:
    task = create_task(Timeout(1, grace=0).call(with_clean_up(2), 10), name="fetch 3")
    await asyncio.wait([task])
    assert isinstance(task.exception(), CallTimeoutError)
    assert "fetch 3 (under a timeout)" in [task.get_name() for task in asyncio.all_tasks()]


async def test_an_abandoned_call_that_fails_at_last_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(CallTimeoutError):
        await Timeout(1, grace=0).call(with_clean_up(2, then=OSError("disk full")), 10)
    await sleep(3)
    gc.collect()
    assert [type(r.exc_info[1]) for r in caplog.records if r.exc_info] == [OSError]
    assert caplog.records[0].levelno == logging.ERROR


@EITHER_WAY
async def test_what_failed_is_told_apart_from_what_timed_out(grace: float) -> None:
    async def fail(item: float) -> None:
        await sleep(item)
        raise TimeoutError("the socket's own")

    limit = Timeout(1, grace=grace)
    with pytest.raises(TimeoutError, match="the socket's own") as caught:
        await limit.call(fail, 0.5)
    assert not isinstance(caught.value, CallTimeoutError)
    assert limit.statistics().timed_out == 0


@EITHER_WAY
async def test_a_clean_up_that_fails_is_the_cause_of_the_timeout(grace: float) -> None:
    with pytest.raises(CallTimeoutError) as caught:
        await Timeout(1, grace=grace).call(with_clean_up(0.5, then=OSError("disk full")), 10)
    assert isinstance(caught.value.__cause__, OSError)
    assert (now(), cancelled_by()) == (1.5, 0)


@EITHER_WAY
async def test_a_function_that_swallows_its_cancellation_has_timed_out_all_the_same(
    grace: float,
) -> None:
    async def stubborn(item: float) -> str:
        try:
            await sleep(item)
        except CancelledError:
            await sleep(1)
        return "late"

    with pytest.raises(CallTimeoutError) as caught:
        await Timeout(1, grace=grace).call(stubborn, 10)
    assert caught.value.__cause__ is None
    assert (now(), cancelled_by()) == (2.0, 0)


@EITHER_WAY
async def test_of_nested_limits_the_one_that_is_reached_first_is_named(grace: float) -> None:
    short, long = Timeout(1, grace=grace), Timeout(5, grace=grace)
    for layers in ([short, long], [long, short]):
        with pytest.raises(CallTimeoutError, match="timeout of 1 s"):
            await wrap(work, layers)(10)
    assert (short.statistics().timed_out, long.statistics().timed_out) == (2, 0)
    assert now() == 2.0
    async with asyncio.timeout(3):
        with pytest.raises(CallTimeoutError):
            await short.call(work, 10)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(1):
            await long.call(work, 10)
    assert not isinstance(caught.value, CallTimeoutError)


DURATIONS = st.integers(0, 6)


@given(DURATIONS, DURATIONS, DURATIONS, DURATIONS, DURATIONS, st.booleans())
def test_a_call_ends_in_one_way_at_one_time(
    work_for: int, clean_up: int, timeout: int, grace: int, cancel_after: int, bounded: bool
) -> None:
    """Result, timeout or cancellation: whichever is due first, after a clean-up within its grace.

    A cancellation from outside is never swallowed, nor turned into a timeout.
    """
    # Fractions of their own, so that no two things happen at the same time.
    c, t = clean_up + 1 / 8, timeout + 1 / 2
    g, x = (grace + 1 / 16 if bounded else math.inf), cancel_after + 1 / 4
    if x < min(work_for, t):
        # Without a bound of its own, the clean-up has what is left of the timeout.
        expected = "cancelled", (x + min(c, g) if bounded else min(x + c, t))
    elif work_for < t:
        expected = "result", work_for
    elif x < t + min(c, g):
        expected = "cancelled", (t + min(c, g) if bounded else x)
    else:
        expected = "timed out", t + min(c, g)

    async def main() -> tuple[str, float]:
        task = create_task(Timeout(t, grace=g).call(with_clean_up(c), work_for))
        asyncio.get_running_loop().call_at(x, task.cancel)
        try:
            await task
        except CallTimeoutError:
            return "timed out", now()
        except CancelledError:
            return "cancelled", now()
        return "result", now()

    assert virtual_time.run(main) == expected


async def test_a_layer_at_rest_leaves_no_timer_and_no_task() -> None:
    for grace in (math.inf, 5):
        await Timeout(3600, grace=grace).call(work, 1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert now() == 2.0  # and the loop ends now, not after an hour


@pytest.mark.parametrize("grace", [math.inf, 0.001])
@pytest.mark.parametrize("layers_inside", [0, 1])
def test_a_thread_that_cannot_be_interrupted_is_reported_as_still_running(
    grace: float, layers_inside: int
) -> None:
    release = threading.Event()
    limit = Timeout(0.01, grace=grace)

    class Bystander:
        async def call(self, function: Any, item: Any) -> Any:
            return await invoke(function, item)

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            function = in_executor(pool, lambda item: release.wait())
            try:
                with pytest.raises(CallTimeoutError, match="and still runs"):
                    await wrap(function, [limit, *[Bystander()] * layers_inside])("item")
                assert limit.statistics() == TimeoutStatistics(1, abandoned=1, still_running=1)
            finally:
                release.set()
        assert limit.statistics() == TimeoutStatistics(1, abandoned=1, still_running=0)

    asyncio.run(main())  # in real time: the virtual clock waits for threads


@pytest.mark.parametrize("grace", [math.inf, 0.001])
def test_so_it_is_when_the_cancellation_comes_from_outside(grace: float) -> None:
    begun, release = threading.Event(), threading.Event()
    limit = Timeout(3600, grace=grace)

    def block(item: str) -> None:
        begun.set()
        release.wait()

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            try:
                task = create_task(limit.call(in_executor(pool, block), "item"))
                while not begun.is_set():
                    await sleep(0)
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
                assert limit.statistics() == TimeoutStatistics(0, abandoned=1, still_running=1)
            finally:
                release.set()

    asyncio.run(main())


def test_of_a_stage_with_an_executor_what_waits_for_a_thread_is_ended_what_runs_is_not() -> None:
    release, began, errors = threading.Event(), list[str](), list[StageError]()
    limit = Timeout(0.01)

    def block(item: str) -> None:
        began.append(item)
        release.wait()

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            stage = Stage(block, executor=pool, layers=[limit], on_error=errors.append)
            try:
                assert await Pipeline(stage).collect("abc") == []
                assert limit.statistics() == TimeoutStatistics(3, abandoned=1, still_running=1)
            finally:
                release.set()

    asyncio.run(main())
    assert began == ["a"]
    causes = [error.__cause__ for error in errors]
    assert [c.still_running for c in causes if isinstance(c, CallTimeoutError)] == [
        True,
        False,
        False,
    ]


async def test_defect_1_the_timeout_outlives_the_function_that_sets_the_stages_up() -> None:
    """The listing's context is dead before the first item: 100 in, 0 out."""

    def make_pipeline() -> Pipeline:
        layers = [Timeout(10)]
        names = ("first", "second", "final")
        return Pipeline(*(Stage(work, name=name, layers=layers) for name in names))

    assert len(await make_pipeline().collect([0.01] * 100)) == 100


async def test_defect_12_at_the_deadline_nobody_is_left_blocked_in_a_send() -> None:
    """The listing's sends do not watch the context, so whoever is blocked in one stays for ever."""
    blocked = []
    pipeline = Pipeline(
        Stage(work, name="first"),
        Stage(work, name="second", buffer=2),
        Stage(lambda item: sleep(3600), name="stuck"),
        deadline=60,
    )
    with pytest.raises(TimeoutError, match="deadline of 60 s"):
        async with pipeline.run([1] * 100) as run:
            await sleep(30)
            blocked = [stage.blocked for stage in run.metrics]
            async for _ in run:
                pass
    assert blocked == [1, 1, 0]
    assert now() == 60.0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_deadline_of_a_run_reaches_calls_under_a_timeout_and_lets_them_clean_up() -> None:
    limit = Timeout(50)
    pipeline = Pipeline(Stage(with_clean_up(2), name="slow", layers=[limit]), deadline=20)
    with pytest.raises(TimeoutError, match="the run was stopped at its deadline of 20 s"):
        await pipeline.collect([3600])
    assert now() == 22.0
    assert limit.statistics().timed_out == 0


async def test_one_slow_item_of_many_is_skipped_and_named() -> None:
    errors: list[StageError] = []
    stage = Stage(work, name="fetch", layers=[Timeout(2)], on_error=errors.append)
    assert await Pipeline(stage).collect([1, 3600, 1]) == [1, 1]
    assert [str(error) for error in errors] == [
        "stage 'fetch' failed on item 3600: CallTimeoutError: the call reached the timeout of 2 s"
    ]
    assert now() == 4.0


@pytest.mark.parametrize("timeout", [0, -1, math.inf, math.nan])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match=r"timeout must be above 0 seconds.*leave the layer out"):
        Timeout(timeout)


def test_a_negative_grace_is_refused() -> None:
    with pytest.raises(ValueError, match=r"grace must be 0 seconds or more, got -1; use math\.inf"):
        Timeout(1, grace=-1)
