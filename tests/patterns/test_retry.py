import asyncio
import logging
from asyncio import create_task, sleep
from dataclasses import dataclass
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, StageError, virtual_time
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.retry import Retry, RetryStatistics
from pipeline_kit.patterns.retry_budget import RetryBudget
from pipeline_kit.patterns.timeout import Timeout


def now() -> float:
    return asyncio.get_running_loop().time()


class Flaky:
    """Fails so many times, then succeeds; remembers when it was called."""

    def __init__(self, failures: float = float("inf"), error: type[Exception] = OSError) -> None:
        self.failures = failures
        self.error = error
        self.times: list[float] = []

    async def __call__(self, item: Any) -> Any:
        self.times.append(now())
        if len(self.times) <= self.failures:
            raise self.error(f"failure {len(self.times)}")
        return item


def evenly(attempts: int = 3, **parameters: Any) -> Retry:
    """Retry with pauses of 1, 2, 4, … s."""
    return Retry(attempts, **{"wait_initial": 1, "wait_max": 1000, "wait_jitter": 0} | parameters)


async def test_it_tries_again_until_the_call_succeeds() -> None:
    flaky, retry = Flaky(2), evenly(5)
    assert await retry.call(flaky, "item") == "item"
    assert flaky.times == [0, 1, 3]
    assert retry.statistics() == RetryStatistics(2, recovered=1, given_up=0, over_budget=0)


async def test_a_call_that_succeeds_is_made_once() -> None:
    flaky, retry = Flaky(0), Retry()
    assert await retry.call(flaky, "item") == "item"
    assert flaky.times == [0]
    assert retry.statistics() == RetryStatistics(0, recovered=0, given_up=0, over_budget=0)


async def test_a_plain_function_is_tried_again_too() -> None:
    calls: list[int] = []

    def fail(item: int) -> None:
        calls.append(item)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Retry(4).call(fail, 7)
    assert calls == [7] * 4


async def test_pauses_double_up_to_the_longest() -> None:
    flaky = Flaky()
    with pytest.raises(OSError, match="failure 6"):
        await evenly(6, wait_max=5).call(flaky, "item")
    assert flaky.times == [0, 1, 3, 7, 12, 17]


async def test_the_last_error_is_raised_with_its_traceback_and_the_number_of_attempts() -> None:
    with pytest.raises(OSError, match="failure 3") as caught:
        await evenly(3).call(Flaky(), "item")
    assert caught.traceback[-1].name == "__call__"
    assert caught.value.attempts == 3  # type: ignore[attr-defined] # set by Retry


async def test_earlier_attempts_are_told_in_notes_with_their_places() -> None:
    with pytest.raises(OSError, match="failure 3") as caught:
        await evenly(3).call(Flaky(), "item")
    first, second = caught.value.__notes__
    assert first.startswith("attempt 1 failed with OSError: failure 1 (")
    assert "test_retry.py:" in first
    assert first.endswith(", in __call__)")
    assert second.startswith("attempt 2 failed with OSError: failure 2 (")


async def test_stage_and_log_know_how_many_attempts_there_were() -> None:
    stage = Stage(Flaky(), name="fetch", layers=[Retry(4)])
    with pytest.raises(StageError) as caught:
        await Pipeline(stage).collect(["item"])
    assert caught.value.attempts == 4
    with pytest.raises(StageError) as caught:
        await Pipeline(Stage(Flaky(), name="fetch")).collect(["item"])
    assert caught.value.attempts == 1


async def test_five_nested_layers_of_three_attempts_make_243_calls() -> None:
    flaky = Flaky()
    call = wrap(flaky, [Retry(3) for _ in range(5)])
    with pytest.raises(OSError, match="failure 243") as caught:
        await call("item")
    assert len(flaky.times) == 3**5 == 243
    assert caught.value.attempts == 243  # type: ignore[attr-defined] # set by Retry
    assert len(caught.value.__notes__) == 5 * 2  # two for each layer, and not 242


async def test_a_call_cut_off_by_a_timeout_counts_as_an_attempt_of_all_layers() -> None:
    async def hang(item: Any) -> None:
        await sleep(3600)

    call = wrap(hang, [Retry(2), Timeout(1), Retry(5)])
    with pytest.raises(TimeoutError) as caught:
        await call("item")
    assert caught.value.attempts == 2  # type: ignore[attr-defined] # set by Retry


async def test_attempts_are_those_of_this_item_only_even_for_one_and_the_same_error() -> None:
    error = OSError("always the same object")

    def fail(item: Any) -> None:
        raise error

    retry = Retry(3)
    for _ in range(100):
        with pytest.raises(OSError, match="always the same"):
            await retry.call(fail, "item")
    assert error.attempts == 3  # type: ignore[attr-defined] # set by Retry
    assert len(error.__notes__) <= 2 * 3


async def test_an_error_that_takes_no_attributes_is_raised_as_it_is() -> None:
    @dataclass(frozen=True)
    class FrozenError(Exception):
        code: int

    def fail(item: Any) -> None:
        raise FrozenError(7)

    with pytest.raises(FrozenError):
        await Retry(2).call(fail, "item")


async def test_only_errors_that_are_worth_it_are_retried() -> None:
    flaky, retry = Flaky(error=KeyError), Retry(3, on=(OSError, ValueError))
    with pytest.raises(KeyError) as caught:
        await retry.call(flaky, "item")
    assert len(flaky.times) == 1
    assert caught.value.attempts == 1  # type: ignore[attr-defined] # set by Retry
    assert retry.statistics() == RetryStatistics(0, recovered=0, given_up=1, over_budget=0)


async def test_a_function_can_tell_which_errors_are_worth_it() -> None:
    flaky = Flaky()
    with pytest.raises(OSError, match="failure 2"):
        await Retry(5, on=lambda error: "failure 1" in str(error)).call(flaky, "item")


async def test_a_cancellation_is_not_retried_and_passes_through() -> None:
    flaky = Flaky()

    async def hang(item: Any) -> None:
        await flaky(item)
        await sleep(3600)

    flaky.failures = 0
    task = create_task(Retry(5).call(hang, "item"))
    await sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(flaky.times) == 1


async def test_a_cancellation_ends_a_pause_at_once() -> None:
    flaky = Flaky()
    task = create_task(evenly(5, wait_initial=100).call(flaky, "item"))
    await sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert now() == 1
    assert len(flaky.times) == 1


async def test_a_base_exception_passes_through_untouched() -> None:
    class Interrupt(BaseException):
        pass

    interrupt = Interrupt()

    def fail(item: Any) -> None:
        raise interrupt

    with pytest.raises(Interrupt):
        await Retry(3).call(fail, "item")
    assert not hasattr(interrupt, "attempts")


async def test_a_seed_makes_the_pauses_the_same_and_no_seed_makes_them_differ() -> None:
    async def times(seed: int | None) -> list[float]:
        start, flaky = now(), Flaky()
        with pytest.raises(OSError, match="failure"):
            await Retry(5, seed=seed).call(flaky, "item")
        return [round(time - start, 6) for time in flaky.times]

    assert await times(1) == await times(1) != await times(2)
    assert await times(None) != await times(None)


async def test_full_jitter_spreads_those_who_failed_together() -> None:
    """Of 1,000 calls that fail at the same moment, each tenth of the pause gets its share."""
    retry, returns = Retry(2, wait_initial=1, seed=0), list[float]()

    async def fail_at_first(item: int) -> None:
        if now() == 0:
            raise OSError
        returns.append(now())

    async with asyncio.TaskGroup() as group:
        for number in range(1000):
            group.create_task(retry.call(fail_at_first, number))
    tenths = [sum(k <= 10 * time < k + 1 for time in returns) for k in range(10)]
    assert sum(tenths) == 1000
    assert all(60 < count < 140 for count in tenths)


async def test_many_attempts_do_not_overflow() -> None:
    flaky = Flaky()
    with pytest.raises(OSError, match="failure 2000"):
        await Retry(2000, wait_max=1).call(flaky, "item")


async def test_without_budget_a_failed_call_has_only_one_attempt() -> None:
    flaky, retry = Flaky(), Retry(5, budget=RetryBudget(0, minimum=3))
    for _ in range(4):
        with pytest.raises(OSError, match="failure"):
            await retry.call(flaky, "item")
    assert len(flaky.times) == 4 + 3
    assert retry.statistics() == RetryStatistics(3, recovered=0, given_up=4, over_budget=4)


async def test_an_outage_adds_no_more_load_than_the_budget_allows() -> None:
    retry, flaky = Retry(3, wait_max=0, budget=RetryBudget(0.2, minimum=0)), Flaky()
    for _ in range(100):
        with pytest.raises(OSError, match="failure"):
            await retry.call(flaky, "item")
    assert len(flaky.times) == 120  # and 300 without


@given(
    st.integers(1, 6),
    st.floats(0, 10),
    st.floats(0, 20),
    st.floats(0, 1),
    st.lists(st.integers(0, 8), max_size=10),
    st.none() | st.integers(0, 40),
)
def test_attempts_and_pauses_stay_within_their_bounds(
    attempts: int,
    initial: float,
    longest: float,
    jitter: float,
    failures: list[int],
    cancel_after: int | None,
) -> None:
    """Each call is made as often as it fails, at most `attempts` times, after pauses in bounds."""

    async def main() -> None:
        retry = Retry(attempts, wait_initial=initial, wait_max=longest, wait_jitter=jitter, seed=0)
        calls = [Flaky(count) for count in failures]
        tasks = [create_task(retry.call(call, number)) for number, call in enumerate(calls)]
        if cancel_after is not None:
            for task in tasks[::2]:
                asyncio.get_running_loop().call_later(cancel_after, task.cancel)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for number, (call, outcome) in enumerate(zip(calls, outcomes, strict=True)):
            made = len(call.times)
            if isinstance(outcome, asyncio.CancelledError):
                assert made <= min(call.failures + 1, attempts)
            else:
                assert made == min(call.failures + 1, attempts)
                assert outcome == number if made > call.failures else outcome.attempts == made
            for attempt in range(1, made):
                pause = call.times[attempt] - call.times[attempt - 1]
                bound = min(longest, initial * 2 ** (attempt - 1))
                assert (1 - jitter) * bound - 1e-8 <= pause <= bound + 1e-8
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main)


async def test_errors_do_not_hold_each_other_alive(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OSError, match="failure 3") as caught:
        await Retry(3).call(Flaky(), "item")
    assert caught.value.__context__ is None
    with caplog.at_level(logging.ERROR):
        logging.getLogger("test").error("failed", exc_info=caught.value)
    assert caplog.text.count("Traceback") == 1
    assert caplog.text.count("attempt ") == 2


@pytest.mark.parametrize("attempts", [0, -1, 2.5])
def test_impossible_attempts_are_refused(attempts: Any) -> None:
    with pytest.raises(
        ValueError, match=r"attempts must be a whole number, 1 or more, got .*; the"
    ):
        Retry(attempts)


@pytest.mark.parametrize("name", ["wait_initial", "wait_max"])
@pytest.mark.parametrize("wait", [-1, nan])
def test_impossible_waits_are_refused(name: str, wait: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 0 seconds or more, got"):
        Retry(**{name: wait})


@pytest.mark.parametrize("jitter", [-0.1, 1.1, nan])
def test_impossible_jitter_is_refused(jitter: float) -> None:
    with pytest.raises(ValueError, match="wait_jitter must be a share from 0 to 1, got"):
        Retry(wait_jitter=jitter)


@pytest.mark.parametrize("on", [asyncio.CancelledError, BaseException, "OSError", (OSError, 3)])
def test_what_cannot_be_retried_is_refused(on: Any) -> None:
    with pytest.raises(TypeError, match="on must be an Exception class or a tuple of them, got"):
        Retry(on=on)


def test_what_is_no_budget_is_refused() -> None:
    with pytest.raises(TypeError, match=r"budget must be a RetryBudget, such as .*, got 0.2"):
        Retry(budget=0.2)  # type: ignore[arg-type] # that is the point
