from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.sliding_window import SLICES, CountWindow, TimeWindow

OUTCOMES = st.lists(st.integers(0, 3), max_size=60)


@given(st.integers(1, 12), OUTCOMES)
def test_a_count_window_counts_the_last_outcomes(size: int, outcomes: list[int]) -> None:
    """After each outcome the counts are those of the last `size` ones."""
    window = CountWindow(size, outcomes=4)
    for number, outcome in enumerate(outcomes, start=1):
        window.add(outcome, now=0)
        last = outcomes[:number][-size:]
        assert window.counts == [last.count(kind) for kind in range(4)]


@given(
    st.sampled_from([0.1, 0.3, 1, 10, 60]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 2)), max_size=60),
)
def test_a_time_window_counts_the_outcomes_of_the_last_ten_slices(
    seconds: float, steps: list[tuple[int, int]]
) -> None:
    """After each outcome the counts are those of its slice of time and of the nine before it."""
    window, slice_of, now = TimeWindow(seconds, outcomes=3), [], 0
    for wait, outcome in steps:
        now += wait  # in hundredths of the window, so ten are a slice
        window.add(outcome, now=now * seconds / 100)
        slice_of.append((now // 10, outcome))
        inside = [kind for number, kind in slice_of if number > now // 10 - SLICES]
        assert window.counts == [inside.count(kind) for kind in range(3)]


def test_what_a_time_window_holds_does_not_grow_with_the_number_of_calls() -> None:
    window = TimeWindow(10)
    for number in range(100_000):
        window.add(0, now=number / 1000)
    assert len(window._slices) == SLICES
    assert window.counts[0] == 10_000


def test_a_slice_begins_exactly_where_the_one_before_ends() -> None:
    window = TimeWindow(0.1)
    window.add(0, now=0.28)
    window.add(1, now=0.29)
    assert 0.29 * 100 < 29
    window.forget(now=0.38)
    assert window.counts == [0, 1]


def test_a_time_window_forgets_when_time_passes_with_no_call() -> None:
    window = TimeWindow(10)
    window.add(1, now=5.5)
    window.forget(now=14.99)
    assert window.counts == [0, 1]
    window.forget(now=15)
    assert window.counts == [0, 0]


def test_a_count_window_forgets_nothing_with_time() -> None:
    window = CountWindow(3)
    window.add(1, now=0)
    window.forget(now=1e9)
    assert window.counts == [0, 1]


@pytest.mark.parametrize("size", [0, -1, 1.5])
def test_impossible_sizes_are_refused(size: Any) -> None:
    with pytest.raises(ValueError, match="size must be a whole number of calls, 1 or more, got"):
        CountWindow(size)


@pytest.mark.parametrize("seconds", [0, -1, inf, nan])
def test_impossible_lengths_are_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be above 0 and finite, got"):
        TimeWindow(seconds)
