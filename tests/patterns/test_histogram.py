import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.histogram import SMALLEST, Histogram

durations = st.one_of(
    st.just(0.0),
    st.floats(SMALLEST, 1e9),
    st.floats(0.01, 0.02),  # many in the same buckets
    st.sampled_from([1.0, 0.1, 1e-3]),
)
accuracies = st.sampled_from([0.001, 0.01, 0.05, 0.5])


def histogram_of(values: list[float], accuracy: float = 0.01) -> Histogram:
    histogram = Histogram(accuracy)
    for value in values:
        histogram.record(value)
    return histogram


@given(st.lists(durations, min_size=1), st.floats(0, 1), accuracies)
def test_quantiles_are_as_accurate_as_promised(
    values: list[float], q: float, accuracy: float
) -> None:
    """Law: |estimate - exact| <= accuracy · exact, for any quantile of any durations."""
    exact = sorted(values)[math.floor(q * (len(values) - 1))]
    estimate = histogram_of(values, accuracy).quantile(q)
    assert abs(estimate - exact) <= accuracy * exact * (1 + 1e-9)


@given(st.lists(durations), st.lists(durations))
def test_a_sum_or_difference_is_the_histogram_of_the_durations(
    first: list[float], second: list[float]
) -> None:
    """Law: h(a) + h(b) = h(a and b), and h(a and b) - h(a) = h(b)."""
    a, b, both = histogram_of(first), histogram_of(second), histogram_of(first + second)
    for result, expected in [(a + b, both), (both - a, b), (both.copy(), both)]:
        assert (result._buckets, result.zeros) == (expected._buckets, expected.zeros)
        assert result.count == expected.count
        assert result.total == pytest.approx(expected.total, abs=1e-12 * (1 + both.total))


def test_memory_is_bounded_however_many_durations_there_are() -> None:
    histogram = Histogram(0.01)
    for step in range(200_000):  # evenly, on a logarithmic scale, from 1 ns to a day
        histogram.record(1e-9 * (86_400 / 1e-9) ** (step / 199_999))
    assert histogram.count == 200_000
    assert histogram.size <= 1_606


def test_a_copy_no_longer_changes() -> None:
    histogram = histogram_of([1.0])
    copy = histogram.copy()
    histogram.record(2.0)
    assert (copy.count, histogram.count) == (1, 2)


def test_the_mean_is_exact_and_the_median_of_an_even_number_is_the_lower() -> None:
    histogram = histogram_of([1.0, 2.0, 3.0, 4.0])
    assert histogram.mean == 2.5
    assert histogram.quantile(0.5) == pytest.approx(2.0, rel=0.01)
    assert repr(histogram) == "<Histogram: 4 durations, median 1.99 s>"


def test_of_nothing_there_is_no_mean_and_no_quantile() -> None:
    assert math.isnan(Histogram().mean)
    assert math.isnan(Histogram().quantile(0.5))


def test_the_mean_is_not_typical() -> None:
    histogram = histogram_of([0.005] * 90 + [1.0] * 10)
    assert histogram.mean == pytest.approx(0.1045)
    assert histogram.quantile(0.5) == pytest.approx(0.005, rel=0.0101)
    assert histogram.quantile(0.95) == pytest.approx(1.0, rel=0.0101)


@pytest.mark.parametrize("seconds", [-1e-12, -1.0, math.inf, math.nan])
def test_what_is_no_duration_is_refused_and_not_counted(seconds: float) -> None:
    histogram = Histogram()
    with pytest.raises(ValueError, match="0 seconds or more and finite, got"):
        histogram.record(seconds)
    assert histogram.count == 0


@pytest.mark.parametrize("accuracy", [0, 1, -0.01, math.nan])
def test_an_impossible_accuracy_is_refused(accuracy: float) -> None:
    with pytest.raises(ValueError, match="accuracy must be between 0 and 1, got"):
        Histogram(accuracy)


@pytest.mark.parametrize("q", [-0.1, 50, math.nan])
def test_an_impossible_quantile_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match=r"q must be between 0 and 1, got .*; 0\.95 for the 95th"):
        histogram_of([1.0]).quantile(q)


def test_histograms_of_different_accuracy_do_not_mix() -> None:
    with pytest.raises(ValueError, match=r"the same accuracy, got 0\.01 and 0\.1"):
        Histogram(0.01) + Histogram(0.1)
