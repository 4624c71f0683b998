import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Steps

CHANGES = st.lists(st.tuples(st.integers(0, 20), st.sampled_from([-1, 1])), max_size=30)


def test_changes_of_one_instant_make_one_jump() -> None:
    steps = Steps.accumulate([(2.0, 1), (1.0, 1), (2.0, 1), (2.0, -1), (3.0, -2)])
    assert steps == Steps((1.0, 2.0, 3.0), (1.0, 2.0, 0.0))


def test_the_value_at_a_jump_is_the_one_after_it() -> None:
    steps = Steps((1.0, 2.0), (5.0, 7.0))
    assert [steps.at(time) for time in (0.9, 1.0, 1.9, 2.0, 99.0)] == [0.0, 5.0, 5.0, 7.0, 7.0]


def test_mean_weighs_each_value_with_how_long_it_lasted() -> None:
    steps = Steps((1.0, 3.0), (4.0, 1.0))
    assert steps.mean(4.0) == (0 * 1 + 4 * 2 + 1 * 1) / 4
    assert steps.mean(2.0) == (0 * 1 + 4 * 1) / 2
    assert steps.mean(0.0) == 0.0


def test_stretches_at_a_level_join_where_they_touch() -> None:
    steps = Steps((1.0, 2.0, 3.0, 4.0), (3.0, 4.0, 1.0, 3.0))
    assert steps.intervals_at_least(3, end=6.0) == [(1.0, 3.0), (4.0, 6.0)]
    assert Steps((), ()).intervals_at_least(1, end=6.0) == []
    assert Steps((0.0, 5.0, 9.0), (1.0, 0.0, 1.0)).intervals_at_least(1, end=2.0) == [(0.0, 2.0)]


def test_nothing_at_all_is_zero() -> None:
    assert Steps.accumulate([]).maximum == 0.0
    assert Steps.accumulate([]).at(1.0) == 0.0


@given(CHANGES, st.integers(0, 21))
def test_the_value_is_the_sum_of_all_changes_until_then(
    changes: list[tuple[int, int]], time: int
) -> None:
    """Law: at(t) is the sum of the changes up to and at t, divided by the unit."""
    steps = Steps.accumulate(changes, unit=2.0)
    assert steps.at(time) == sum(change for when, change in changes if when <= time) / 2


@given(CHANGES)
def test_the_mean_lies_between_the_least_and_the_greatest_value(
    changes: list[tuple[int, int]],
) -> None:
    """Law: min ≤ mean ≤ max over any stretch from 0."""
    steps = Steps.accumulate(changes)
    values = [0.0, *steps.values]
    assert min(values) <= steps.mean(25.0) <= max(values)
    assert steps.mean(25.0) == pytest.approx(sum(steps.at(t) for t in range(25)) / 25)
