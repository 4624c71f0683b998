from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.call_rates import OUTCOMES, CallRates, Rates
from pipeline_kit.patterns.sliding_window import CountWindow, TimeWindow


def made(size: int = 4, **parameters: Any) -> CallRates:
    defaults: dict[str, Any] = {
        "minimum_number_of_calls": 2,
        "failure_rate_threshold": 50,
        "slow_call_rate_threshold": 100,
        "slow_call_duration_threshold": 1,
    }
    return CallRates(CountWindow(size, outcomes=OUTCOMES), **defaults | parameters)


def test_rates_are_in_per_cent_and_there_are_none_of_too_few_calls() -> None:
    rates = made()
    rates.add(True, 2, now=0)
    assert rates.at(0) == Rates(1, 1, 1, minimum_number_of_calls=2)
    assert rates.at(0).failure_rate is rates.at(0).slow_call_rate is None
    rates.add(False, 0, now=0)
    assert rates.at(0).failure_rate == rates.at(0).slow_call_rate == 50


def test_another_good_call_changes_nothing_only_in_a_full_count_window_of_good_ones() -> None:
    rates = made(size=3)
    told = []
    for failed in (True, False, False, False, True, False):
        rates.add(failed, 0, now=0)
        told.append(rates.is_full_of_good)
    assert told == [False, False, False, True, False, False]


def test_in_a_time_window_every_call_counts() -> None:
    rates = CallRates(
        TimeWindow(10, outcomes=OUTCOMES),
        minimum_number_of_calls=1,
        failure_rate_threshold=50,
        slow_call_rate_threshold=100,
        slow_call_duration_threshold=inf,
    )
    rates.add(False, 0, now=5)
    assert not rates.is_full_of_good
    assert rates.at(14.9).calls == 1
    assert rates.at(15).calls == 0
    assert rates.at(15).failure_rate is None


@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([10, 33.3, 50, 100]),
    st.sampled_from([10, 50, 100]),
    st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1, 1.5])), max_size=30),
)
def test_it_tells_when_a_rate_is_at_its_threshold_or_above(
    size: int, minimum: int, failure: float, slow: float, calls: list[tuple[bool, float]]
) -> None:
    """After each call: enough calls, and failed or slow ones of the last `size` >= threshold."""
    rates = made(
        size,
        minimum_number_of_calls=minimum,
        failure_rate_threshold=failure,
        slow_call_rate_threshold=slow,
    )
    for number, (failed, duration) in enumerate(calls, start=1):
        too_high = rates.add(failed, duration, now=0)
        last = calls[:number][-size:]
        failure_rate = 100 * sum(failed for failed, _ in last) / len(last)
        slow_rate = 100 * sum(duration > 1 for _, duration in last) / len(last)
        enough = len(last) >= minimum
        assert too_high == (enough and (failure_rate >= failure or slow_rate >= slow))
        assert rates.calls == len(last)


@pytest.mark.parametrize("rate", [0, -1, 101, nan])
def test_impossible_thresholds_are_refused(rate: float) -> None:
    for name in ("failure_rate_threshold", "slow_call_rate_threshold"):
        with pytest.raises(ValueError, match=f"{name} must be above 0 and at most 100 per cent"):
            made(**{name: rate})
    with pytest.raises(ValueError, match="slow_call_duration_threshold must be above 0 seconds"):
        made(slow_call_duration_threshold=0)
