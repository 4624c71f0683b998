from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.limits import AIMD, Gradient


def feed(
    limit: AIMD | Gradient, *latencies: float, in_flight: int = 999, overloaded: bool = False
) -> float:
    """Tell `limit` of calls that have ended; return what it has become."""
    for latency in latencies:
        limit.update(latency, in_flight, overloaded=overloaded)
    return limit.limit


def test_aimd_rises_by_one_for_a_round_of_successes() -> None:
    limit = AIMD(initial_limit=10)
    assert feed(limit, *[0.1] * 10) == pytest.approx(11, abs=0.05)
    assert feed(limit, *[0.1] * 11) == pytest.approx(12, abs=0.1)


def test_aimd_falls_by_the_backoff_ratio_with_each_overload() -> None:
    assert feed(AIMD(initial_limit=100), 0.1, overloaded=True) == 90
    assert feed(AIMD(initial_limit=100, backoff_ratio=0.5), 0.1, 0.1, overloaded=True) == 25


def test_for_aimd_a_slow_call_is_an_overload() -> None:
    limit = AIMD(initial_limit=100, slow_call_duration_threshold=2)
    assert feed(limit, 1.99) > 100
    assert feed(AIMD(initial_limit=100, slow_call_duration_threshold=2), 2.0) == 90


@pytest.mark.parametrize("limit", [AIMD(initial_limit=10), Gradient(initial_limit=10)])
def test_no_growth_while_less_than_half_of_the_limit_is_used(limit: AIMD | Gradient) -> None:
    assert feed(limit, *[0.1] * 100, in_flight=4) == 10
    assert feed(limit, *[0.1] * 100, in_flight=9) > 10


def test_gradient_grows_by_its_share_of_the_queue_size_while_latency_is_normal() -> None:
    limit = Gradient(initial_limit=10, queue_size=4, smoothing=0.25)
    assert feed(limit, *[0.1] * 9) == 10  # a round is as many calls as the limit is
    assert feed(limit, 0.1) == 11
    assert feed(limit, *[0.1] * 11) == 12


def test_gradient_tolerates_latency_up_to_its_tolerance_and_then_backs_off() -> None:
    def settled() -> Gradient:
        limit = Gradient(initial_limit=10, queue_size=0, tolerance=2, smoothing=0.5)
        feed(limit, *[0.1] * 10 * 100)
        assert limit.limit == 10
        return limit

    assert feed(settled(), *[0.19] * 10) == 10
    # Normal is 0.1 s, and after this round a little more; the gradient is 2 · 0.1 / 0.4 = 0.5.
    assert feed(settled(), *[0.4] * 10) == pytest.approx(0.5 * 10 + 0.5 * 5, abs=0.05)
    assert feed(settled(), *[400.0] * 10) >= 0.5 * 10 + 0.5 * 5  # never in one step to nothing


def test_for_gradient_an_overload_is_a_step_down_at_once() -> None:
    limit = Gradient(initial_limit=100, queue_size=0)
    assert feed(limit, 0.1, overloaded=True) == 90
    assert limit.normal_latency == 0  # it has learned nothing from how long the failure took


def test_gradient_forgets_a_latency_that_has_fallen_sooner_than_its_window_says() -> None:
    def normal_after_a_fall(to: float) -> float:
        limit = Gradient(initial_limit=1, max_limit=1)
        feed(limit, *[1.0] * 100, *[to] * 50)
        return limit.normal_latency

    assert normal_after_a_fall(0.6) > 0.9
    assert normal_after_a_fall(0.1) < 0.25


def test_gradient_takes_calls_that_take_no_time() -> None:
    assert feed(Gradient(initial_limit=5), *[0.0] * 50) > 5


CALLS = st.lists(
    st.tuples(st.floats(0, 100), st.integers(1, 300), st.booleans()), min_size=1, max_size=200
)


@given(CALLS, st.sampled_from([AIMD, Gradient]))
def test_a_limit_stays_within_its_bounds(
    calls: list[tuple[float, int, bool]], make: type[Any]
) -> None:
    """After any calls, min_limit <= limit <= max_limit."""
    limit = make(initial_limit=10, min_limit=5, max_limit=15)
    for latency, in_flight, overloaded in calls:
        limit.update(latency, in_flight, overloaded=overloaded)
        assert 5 <= limit.limit <= 15


@pytest.mark.parametrize("make", [AIMD, Gradient])
@pytest.mark.parametrize("bad", [{"min_limit": 0}, {"min_limit": 30}, {"max_limit": 19}])
def test_limits_out_of_order_are_refused(make: Any, bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"1 <= min_limit <= initial_limit <= max_limit, got min"):
        make(**bad)


@pytest.mark.parametrize(
    ("make", "bad", "message"),
    [
        (AIMD, {"backoff_ratio": 1}, "backoff_ratio must be between 0 and 1, got 1"),
        (AIMD, {"backoff_ratio": 0}, "backoff_ratio must be between 0 and 1, got 0"),
        (AIMD, {"slow_call_duration_threshold": 0}, "threshold must be above 0 seconds, got 0"),
        (Gradient, {"queue_size": -1}, "queue_size must be 0 calls or more, got -1"),
        (Gradient, {"tolerance": 0.9}, "tolerance must be 1 or more, got 0.9"),
        (Gradient, {"smoothing": 0}, "smoothing must be above 0 and at most 1, got 0"),
        (Gradient, {"smoothing": 1.1}, "smoothing must be above 0 and at most 1, got 1.1"),
        (Gradient, {"long_window": 0}, "long_window must be 1 round or more, got 0"),
    ],
)
def test_impossible_parameters_are_refused(make: Any, bad: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**bad)
