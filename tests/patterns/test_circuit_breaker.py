import asyncio
from asyncio import create_task, gather, sleep
from collections import Counter
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, StageError, virtual_time
from pipeline_kit.patterns.call_rates import Rates
from pipeline_kit.patterns.circuit_breaker import (
    CircuitBreaker,
    CircuitOpen,
    CircuitStatistics,
    StateChange,
)

SMALL: dict[str, Any] = {
    "sliding_window_size": 4,
    "minimum_number_of_calls": 4,
    "wait_duration_in_open_state": 10,
    "permitted_number_of_calls_in_half_open_state": 2,
}


class DownError(Exception):
    pass


class InvalidError(Exception):
    pass


def now() -> float:
    return asyncio.get_running_loop().time()


async def work(item: Any) -> Any:
    """Take a second for "slow", fail for an exception, else return the item at once."""
    if isinstance(item, Exception):
        raise item
    if item == "slow":
        await sleep(1)
    if item == "cancelled":
        await sleep(3600)
    return item


async def outcomes(breaker: CircuitBreaker, *items: Any) -> list[str]:
    """Call the breaker with one item after the other; say what came of each."""
    seen = []
    for item in items:
        try:
            await breaker.call(work, item)
        except (DownError, InvalidError, CircuitOpen) as error:
            seen.append(type(error).__name__)
        else:
            seen.append("ok")
    return seen


async def opened(**parameters: Any) -> CircuitBreaker:
    breaker = CircuitBreaker(**{**SMALL, **parameters})
    await outcomes(breaker, *[DownError()] * 4)
    assert breaker.state == "open"
    return breaker


async def probing(**parameters: Any) -> CircuitBreaker:
    """Return a breaker that lets probes through at its next call."""
    breaker = await opened(**parameters)
    await sleep(10)
    return breaker


async def test_it_opens_when_the_failure_rate_is_at_the_threshold_not_only_above() -> None:
    breaker = CircuitBreaker(**SMALL, failure_rate_threshold=50)
    assert await outcomes(breaker, 1, 2, DownError(), DownError()) == [
        "ok",
        "ok",
        "DownError",
        "DownError",
    ]
    assert breaker.state == "open"


async def test_it_stays_closed_below_the_threshold() -> None:
    breaker = CircuitBreaker(**SMALL, failure_rate_threshold=51)
    await outcomes(breaker, 1, 2, DownError(), DownError())
    assert breaker.state == "closed"


async def test_a_good_call_opens_it_too_if_it_completes_the_minimum() -> None:
    breaker = CircuitBreaker(**SMALL)
    await outcomes(breaker, DownError(), DownError(), DownError())
    assert breaker.state == "closed"
    await outcomes(breaker, "good")
    assert breaker.state == "open"


async def test_while_open_no_call_is_made_and_the_error_says_for_how_long() -> None:
    breaker, called = await opened(), list[Any]()
    await sleep(3)
    with pytest.raises(CircuitOpen, match="the circuit breaker is open, for another 7 s") as caught:
        await breaker.call(called.append, "item")
    assert caught.value.retry_in == 7
    assert called == []


async def test_it_is_half_open_exactly_after_the_wait() -> None:
    breaker = await opened(wait_duration_in_open_state=0.3)
    await sleep(0.1)
    with pytest.raises(CircuitOpen) as caught:
        await breaker.call(work, "item")
    await sleep(caught.value.retry_in)
    assert await outcomes(breaker, "item") == ["ok"]
    assert breaker.state == "half_open"


async def test_what_is_left_of_a_sum_of_floats_is_no_time_to_wait() -> None:
    await sleep(0.1)
    breaker = await opened(wait_duration_in_open_state=0.2)
    await sleep(0.2)
    assert now() < 0.1 + 0.2
    assert await outcomes(breaker, "item") == ["ok"]


async def test_good_probes_close_it_with_an_empty_window() -> None:
    breaker = await probing()
    assert await outcomes(breaker, "a", "b") == ["ok", "ok"]
    assert breaker.statistics() == CircuitStatistics("closed", Rates(0, 0, 0, 4), 0)


async def test_failed_probes_at_the_threshold_open_it_for_another_wait() -> None:
    breaker = await probing()
    assert await outcomes(breaker, "a", DownError(), "c") == ["ok", "DownError", "CircuitOpen"]
    await sleep(9.5)
    assert await outcomes(breaker, "a") == ["CircuitOpen"]
    assert breaker.statistics().not_permitted_calls == 2


async def test_no_more_probes_go_on_than_permitted_and_all_are_waited_for() -> None:
    breaker = await probing()
    probes = [create_task(breaker.call(work, "slow")) for _ in range(2)]
    await sleep(0.5)
    with pytest.raises(CircuitOpen, match="is half-open, and all its probes are under way"):
        await breaker.call(work, "third")
    await gather(*probes)
    assert breaker.state == "closed"


async def test_a_cancelled_probe_gives_its_permit_back() -> None:
    """As resilience4j #544: else the breaker would be half-open for ever."""
    breaker = await probing()
    for _ in range(5):
        probe = create_task(breaker.call(work, "cancelled"))
        await sleep(1)
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
    assert await outcomes(breaker, "a", "b") == ["ok", "ok"]
    assert breaker.state == "closed"


async def test_an_ignored_probe_gives_its_permit_back() -> None:
    """As resilience4j #935."""
    breaker = await probing(ignore_exceptions=(InvalidError,))
    assert await outcomes(breaker, *[InvalidError()] * 5, "a", "b") == [
        *["InvalidError"] * 5,
        "ok",
        "ok",
    ]
    assert breaker.state == "closed"


async def test_a_base_exception_passes_through_and_counts_as_nothing() -> None:
    class Interrupt(BaseException):
        pass

    async def interrupt(item: Any) -> None:
        raise Interrupt

    breaker = await probing()
    for _ in range(5):
        with pytest.raises(Interrupt):
            await breaker.call(interrupt, "item")
    assert await outcomes(breaker, "a", "b") == ["ok", "ok"]


async def test_ignored_errors_never_open_it() -> None:
    breaker = CircuitBreaker(**SMALL, ignore_exceptions=(InvalidError,))
    await outcomes(breaker, *[InvalidError()] * 50)
    assert breaker.statistics().rates.calls == 0


async def test_a_call_from_before_counts_neither_as_probe_nor_in_the_window() -> None:
    breaker = CircuitBreaker(**SMALL)

    async def fail_later(item: Any) -> None:
        await sleep(11)
        raise DownError

    early = [create_task(breaker.call(fail_later, number)) for number in range(3)]
    await sleep(0)
    await outcomes(breaker, *[DownError()] * 4)
    await sleep(10)
    assert await outcomes(breaker, "probe") == ["ok"]
    await gather(*early, return_exceptions=True)
    assert breaker.statistics() == CircuitStatistics("half_open", Rates(1, 0, 0, 2), 0)


async def test_slow_calls_open_it_too() -> None:
    breaker = CircuitBreaker(
        **SMALL, slow_call_rate_threshold=50, slow_call_duration_threshold=0.999
    )
    await outcomes(breaker, "a", "slow", "b", "slow")
    assert breaker.state == "open"


async def test_slow_calls_open_it_after_many_good_ones() -> None:
    breaker = CircuitBreaker(**SMALL, slow_call_duration_threshold=0.5)
    await outcomes(breaker, *["good"] * 10, *["slow"] * 4)
    assert breaker.state == "open"


@pytest.mark.parametrize("rate", ["failure_rate_threshold", "slow_call_rate_threshold"])
async def test_a_call_that_is_slow_and_fails_counts_as_both(rate: str) -> None:
    async def fail_slowly(item: Any) -> None:
        await sleep(1)
        raise DownError

    thresholds = {"failure_rate_threshold": 100, "slow_call_rate_threshold": 100, rate: 50}
    breaker = CircuitBreaker(**SMALL, **thresholds, slow_call_duration_threshold=0.5)
    await outcomes(breaker, "good", "good")
    for _ in range(2):
        with pytest.raises(DownError):
            await breaker.call(fail_slowly, "item")
    assert breaker.history[0].rates == Rates(4, 2, 2, 4)


async def test_a_call_exactly_as_long_as_the_threshold_is_not_slow() -> None:
    breaker = CircuitBreaker(**SMALL, slow_call_rate_threshold=1, slow_call_duration_threshold=1)
    await outcomes(breaker, *["slow"] * 4)
    assert breaker.state == "closed"


async def test_slow_probes_open_it_again() -> None:
    breaker = await probing(slow_call_duration_threshold=0.5)
    await outcomes(breaker, "slow", "slow")
    assert breaker.state == "open"


async def test_old_failures_leave_a_time_window() -> None:
    breaker = CircuitBreaker(**{**SMALL, "sliding_window_size": 10}, sliding_window_type="time")
    await outcomes(breaker, *[DownError()] * 3)
    await sleep(10)
    assert breaker.statistics().rates.calls == 0
    await outcomes(breaker, *[DownError()] * 3)
    assert breaker.state == "closed"
    await outcomes(breaker, DownError())
    assert breaker.state == "open"


async def test_probes_that_never_end_open_it_again_if_so_wished() -> None:
    breaker = await probing(max_wait_duration_in_half_open_state=30)
    stuck = [create_task(breaker.call(work, "cancelled")) for _ in range(2)]
    await sleep(29)
    assert await outcomes(breaker, "a") == ["CircuitOpen"]
    assert breaker.state == "half_open"
    await sleep(1)
    assert await outcomes(breaker, "a") == ["CircuitOpen"]
    assert breaker.state == "open"
    await sleep(10)
    assert await outcomes(breaker, "a", "b") == ["ok", "ok"]
    assert breaker.state == "closed"
    for task in stuck:
        task.cancel()


async def test_each_change_of_state_is_told_and_remembered_with_its_time() -> None:
    told: list[StateChange] = []
    breaker = await probing(on_state_change=told.append)
    await outcomes(breaker, "a", "b")
    assert [(change.time, change.before, change.after) for change in told] == [
        (0, "closed", "open"),
        (10, "open", "half_open"),
        (10, "half_open", "closed"),
    ]
    assert told[0].rates.failure_rate == 100
    assert told[1].rates.failure_rate is None
    assert breaker.history == tuple(told)


async def test_the_history_is_bounded() -> None:
    breaker = await opened()
    for _ in range(200):
        await sleep(10)
        await outcomes(breaker, DownError(), DownError())
    assert len(breaker.history) == 100


async def test_plain_functions_pass_through() -> None:
    assert await CircuitBreaker().call(str.upper, "a") == "A"


async def test_it_is_closed_again_on_another_event_loop() -> None:
    breaker = await opened()

    async def main() -> list[str]:
        return await outcomes(breaker, "a")

    assert await asyncio.to_thread(virtual_time.run, main) == ["ok"]
    assert breaker.history == ()


def test_its_figures_can_be_read_after_the_run() -> None:
    breaker = CircuitBreaker(sliding_window_type="time", minimum_number_of_calls=1)

    async def main() -> None:
        await outcomes(breaker, "slow", "b")

    virtual_time.run(main)
    assert breaker.statistics().rates == Rates(2, 0, 0, 1)
    assert breaker.statistics().rates.failure_rate == 0


async def test_one_breaker_shared_by_ten_servers_refuses_the_healthy_nine_as_well() -> None:
    """Which is why each server gets one of its own."""
    breaker, refused = CircuitBreaker(**SMALL, failure_rate_threshold=10), Counter[int]()

    async def ask(server: int) -> None:
        if server == 0:
            raise DownError

    for number in range(40):
        try:
            await breaker.call(ask, number % 10)
        except CircuitOpen:
            refused[number % 10] += 1
        except DownError:
            pass
    assert set(refused) == set(range(10))


async def test_defect_15_an_open_breaker_loses_no_item_and_no_error() -> None:
    """The listing drops items while it is open, and throws the errors away."""
    items = [DownError()] * 4 + ["refused"] * 6
    stage = Stage(work, layers=[CircuitBreaker(**SMALL)], on_error=lambda error: None)
    async with Pipeline(stage).run(items) as run:
        results = [result async for result in run]
    assert results == []
    assert run.errors.counts == {("work", "DownError"): 4, ("work", "CircuitOpen"): 6}
    assert [error.item for error in run.errors][4:] == ["refused"] * 6


async def test_without_on_error_a_refused_item_fails_the_run_by_name() -> None:
    breaker = await opened(name="shop")
    with pytest.raises(StageError, match="'work' failed on item 7: CircuitOpen: shop is open, for"):
        await Pipeline(Stage(work, layers=[breaker])).collect([7])


CALLS = st.lists(
    st.tuples(
        st.integers(0, 6),  # seconds until this call arrives
        st.integers(0, 12),  # seconds it takes
        st.sampled_from(["good", "good", "failed", "ignored"]),
        st.none() | st.integers(0, 12),  # seconds after which it is cancelled
    ),
    max_size=60,
)


@given(CALLS, st.sampled_from(["count", "time"]), st.integers(1, 3))
def test_half_open_lets_at_most_the_permitted_probes_through_and_never_sticks(
    calls: list[tuple[int, int, str, int | None]], window: Any, permitted: int
) -> None:
    """No call is made while open; while half-open at most so many go on; it can always close."""

    async def main() -> None:
        breaker = CircuitBreaker(
            sliding_window_type=window,
            sliding_window_size=5,
            minimum_number_of_calls=2,
            wait_duration_in_open_state=7,
            permitted_number_of_calls_in_half_open_state=permitted,
            ignore_exceptions=(InvalidError,),
        )
        probes = ended = 0

        async def one(takes: int, result: str) -> None:
            nonlocal probes, ended
            assert breaker.state != "open"
            period = len(breaker.history)
            is_probe = breaker.state == "half_open"
            probes += is_probe
            try:
                if is_probe:
                    assert in_flight(period) <= permitted
                await sleep(takes)
                if result != "good":
                    raise DownError if result == "failed" else InvalidError
            finally:
                going[period] -= is_probe

        going = Counter[int]()

        def in_flight(period: int) -> int:
            going[period] += 1
            return going[period]

        tasks = []
        for wait, takes, result, cancel_after in calls:
            await sleep(wait)
            tasks.append(create_task(breaker.call(lambda call: one(*call), (takes, result))))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after + 0.5, tasks[-1].cancel)
        for outcome in await gather(*tasks, return_exceptions=True):
            assert not isinstance(outcome, AssertionError)
        for _ in range(permitted + 6):
            await sleep(7)
            await outcomes(breaker, "good")
        assert breaker.state == "closed"

    virtual_time.run(main)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["good", "failed", "ignored"]))),
    st.integers(1, 8),
    st.integers(1, 8),
    st.sampled_from([10, 33.4, 50, 100]),
    st.integers(1, 3),
)
def test_it_does_as_its_definition_says(
    calls: list[tuple[int, str]], size: int, minimum: int, threshold: float, permitted: int
) -> None:
    """One call after the other, it is in the state that the definition, followed plainly, gives."""

    async def main() -> None:
        breaker = CircuitBreaker(
            sliding_window_size=size,
            minimum_number_of_calls=minimum,
            failure_rate_threshold=threshold,
            wait_duration_in_open_state=4,
            permitted_number_of_calls_in_half_open_state=permitted,
            ignore_exceptions=(InvalidError,),
        )
        state, since, seen = "closed", 0.0, list[bool]()
        items = {"good": "good", "failed": DownError(), "ignored": InvalidError()}
        for wait, result in calls:
            await sleep(wait)
            refused = state == "open" and now() < since + 4
            if state == "open" and not refused:
                state, seen = "half_open", []
            (outcome,) = await outcomes(breaker, items[result])
            assert (outcome == "CircuitOpen") == refused
            if not refused and result != "ignored":
                seen = [*seen, result == "failed"][-(permitted if state == "half_open" else size) :]
                needed = permitted if state == "half_open" else min(size, minimum)
                if len(seen) >= needed:
                    if 100 * sum(seen) / len(seen) >= threshold:
                        state, since = "open", now()
                    elif state == "half_open":
                        state, seen = "closed", []
            assert breaker.state == state

    virtual_time.run(main)


@pytest.mark.parametrize(
    "name",
    ["failure_rate_threshold", "slow_call_rate_threshold"],
)
@pytest.mark.parametrize("rate", [0, -1, 100.5, nan])
def test_impossible_rates_are_refused(name: str, rate: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above 0 and at most 100 per cent, got"):
        CircuitBreaker(**{name: rate})


@pytest.mark.parametrize(
    "name",
    [
        "sliding_window_size",
        "minimum_number_of_calls",
        "permitted_number_of_calls_in_half_open_state",
    ],
)
@pytest.mark.parametrize("number", [0, -1, 1.5])
def test_impossible_numbers_are_refused(name: str, number: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number, 1 or more, got"):
        CircuitBreaker(**{name: number})


@pytest.mark.parametrize(
    "name",
    [
        "wait_duration_in_open_state",
        "slow_call_duration_threshold",
        "max_wait_duration_in_half_open_state",
    ],
)
@pytest.mark.parametrize("seconds", [0, -1, nan])
def test_impossible_durations_are_refused(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above 0 seconds, got"):
        CircuitBreaker(**{name: seconds})


def test_other_mistakes_are_refused() -> None:
    with pytest.raises(ValueError, match='must be "count" or "time", got \'COUNT_BASED\''):
        CircuitBreaker(sliding_window_type="COUNT_BASED")  # type: ignore[arg-type] # the mistake
    with pytest.raises(TypeError, match="on_state_change must be callable with a StateChange, got"):
        CircuitBreaker(on_state_change=3)  # type: ignore[arg-type] # the mistake
