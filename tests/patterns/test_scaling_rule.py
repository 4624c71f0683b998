from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.scaling_rule import ScalingRule


def rule(*, min_workers: int = 1, max_workers: int = 4, after: int = 3) -> ScalingRule:
    return ScalingRule(
        min_workers=min_workers,
        max_workers=max_workers,
        scale_up_above=0.8,
        scale_down_below=0.5,
        scale_down_after=after,
    )


def test_one_more_above_the_upper_threshold_if_no_slot_is_free() -> None:
    scaling = rule()
    assert not scaling.decide(0.8, all_busy=True)
    assert not scaling.decide(0.9, all_busy=False)
    assert scaling.decide(0.9, all_busy=True)
    assert scaling.workers == 2


def test_one_fewer_after_so_many_periods_in_a_row_below_the_lower_one() -> None:
    scaling = rule(min_workers=1)
    scaling.workers = 4
    steps = [scaling.decide(load, all_busy=False) for load in (0.4, 0.4, 0.5, 0.4, 0.4, 0.4)]
    assert steps == [False] * 5 + [True]
    assert scaling.workers == 3


def test_a_worker_that_would_come_back_at_once_stays() -> None:
    scaling = rule(after=1)
    scaling.workers = 2
    assert not scaling.decide(0.45, all_busy=False)  # one alone would be at 90 %
    assert scaling.decide(0.39, all_busy=False)


def test_it_is_settled_when_periods_repeat_and_nothing_changes() -> None:
    scaling = rule()
    states = []
    for load in (0.6, 0.6, 0.6, 0.7):
        scaling.decide(load, all_busy=False)
        states.append(scaling.is_settled)
    assert states == [False, False, True, False]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans())),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(1, 3),
)
def test_one_step_at_a_time_and_within_bounds(
    periods: list[tuple[float, bool]], low: int, more: int, after: int
) -> None:
    """Law: `min_workers` to `max_workers`, and never up and down at the same utilisation."""
    scaling = rule(min_workers=low, max_workers=low + more, after=after)
    for utilisation, all_busy in periods:
        before = scaling.workers
        changed = scaling.decide(utilisation, all_busy=all_busy)
        assert abs(scaling.workers - before) == changed
        assert low <= scaling.workers <= low + more
        assert scaling.workers <= before or utilisation > 0.8
        assert scaling.workers >= before or utilisation < 0.5
