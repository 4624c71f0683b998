import math
from collections import Counter
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.strategies import (
    FirstFree,
    LeastLoaded,
    PeakEwma,
    PowerOfTwoChoices,
    RoundRobin,
    SmoothWeightedRoundRobin,
    Strategy,
)


@dataclass
class Worker:
    number: int
    weight: float = 1.0
    pending: int = 0
    free: bool = True


def team(*weights: float) -> list[Worker]:
    return [Worker(number, weight) for number, weight in enumerate(weights)]


def choices(strategy: Strategy, workers: list[Worker], times: int) -> str:
    """Return the names, from a, of the workers chosen one after the other."""
    chosen = [strategy.choose(workers) for _ in range(times)]
    return "".join("abcdefgh"[workers[index].number] for index in chosen if index is not None)


def test_round_robin_takes_turns() -> None:
    assert choices(RoundRobin(), team(1, 1, 1), 7) == "abcabca"


def test_round_robin_passes_over_who_is_missing_and_goes_on_from_there() -> None:
    strategy, (a, b, c) = RoundRobin(), team(1, 1, 1)
    assert choices(strategy, [a, b, c], 2) == "ab"
    assert choices(strategy, [a, b], 1) == "a"  # c is away
    assert choices(strategy, [a, c], 1) == "c"
    assert choices(strategy, [a, b, c], 3) == "abc"


def test_smooth_weighted_round_robin_mixes_evenly() -> None:
    assert choices(SmoothWeightedRoundRobin(), team(5, 1, 1), 14) == "aabacaa" * 2


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_smooth_weighted_round_robin_keeps_to_the_weights(weights: list[int]) -> None:
    """Law: in each round of as many choices as the weights' sum, each gets its weight, exactly."""
    strategy, workers = SmoothWeightedRoundRobin(), team(*weights)
    for _ in range(3):
        counts = Counter(strategy.choose(workers) for _ in range(sum(weights)))
        assert [counts[number] for number in range(len(weights))] == weights


def test_first_free_takes_who_is_free_in_turn_and_else_leaves_it_open() -> None:
    strategy, workers = FirstFree(), team(1, 1, 1)
    assert choices(strategy, workers, 4) == "abca"
    workers[1].free = False
    assert choices(strategy, workers, 3) == "cac"
    for worker in workers:
        worker.free = False
    assert strategy.choose(workers) is None


def test_least_loaded_weighs_what_each_has_in_hand() -> None:
    a, b, c = team(1, 1, 4)
    a.pending, b.pending, c.pending = 3, 2, 4
    assert choices(LeastLoaded(), [a, b], 2) == "bb"
    assert choices(LeastLoaded(), [a, b, c], 1) == "c"  # 5 / 4 is less than 3 / 1


def test_least_loaded_takes_turns_among_equals() -> None:
    a, b, c = team(1, 1, 1)
    b.pending = 1
    assert choices(LeastLoaded(), [a, b, c], 4) == "acac"


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=8),
    st.sampled_from([LeastLoaded, PowerOfTwoChoices, PeakEwma, RoundRobin, FirstFree]),
)
def test_a_choice_is_always_one_of_the_workers(pending: list[int], kind: type[Strategy]) -> None:
    """Law: a choice is an index into the workers in question; least loaded takes a least loaded."""
    workers = [Worker(3 * number + 1, pending=n) for number, n in enumerate(pending)]
    strategy = kind()
    for _ in range(5):
        chosen = strategy.choose(workers)
        assert chosen in range(len(workers))
        assert kind is not LeastLoaded or pending[chosen or 0] == min(pending)


def test_power_of_two_choices_never_takes_the_busiest_of_three() -> None:
    workers = team(1, 1, 1)
    workers[1].pending = 5
    assert set(choices(PowerOfTwoChoices(), workers, 200)) == {"a", "c"}


def test_power_of_two_choices_is_the_same_for_the_same_seed() -> None:
    def chosen(seed: int) -> str:
        return choices(PowerOfTwoChoices(seed), team(1, 1, 1, 1), 40)

    assert chosen(1) == chosen(1) != chosen(2)


def test_two_choices_spread_a_burst_far_better_than_one() -> None:
    """With n items to n workers the fullest has about ln ln n / ln 2, not ln n / ln ln n."""
    workers = team(*[1.0] * 1000)
    strategy = PowerOfTwoChoices(seed=1)
    for _ in range(1000):
        workers[strategy.choose(workers)].pending += 1
    assert max(worker.pending for worker in workers) <= 4


def test_peak_ewma_tries_everyone_once_then_takes_the_quickest() -> None:
    strategy, workers = PeakEwma(), team(1, 1, 1)
    for worker, seconds in zip(workers, (0.3, 0.1, 0.2), strict=True):
        assert choices(strategy, workers, 1) == "abc"[worker.number]
        worker.pending = 1
        strategy.observe(worker, seconds, now=1.0)
        worker.pending = 0
    assert choices(strategy, workers, 2) == "bb"
    workers[1].pending = 1  # 0.1 · 2 equals 0.2 · 1 …
    assert choices(strategy, workers[:2], 1) == "b"
    workers[1].pending = 2  # … and 0.1 · 3 is more
    assert choices(strategy, workers, 1) == "c"


def test_peak_ewma_gives_an_unknown_worker_one_item_until_it_is_known() -> None:
    strategy, (a, b) = PeakEwma(), team(1, 1)
    strategy.observe(a, 10.0, now=0.0)
    assert choices(strategy, [a, b], 1) == "b"
    b.pending = 1
    a.pending = 20
    assert choices(strategy, [a, b], 1) == "a"


new_numbers = count(100)


def latency(strategy: PeakEwma, worker: Worker, now: float) -> float:
    """Find a worker's latency at the time `now` by comparing it with a new worker's."""
    low, high = 0.0, 1000.0
    for _ in range(60):
        middle, other = (low + high) / 2, Worker(next(new_numbers))
        strategy.observe(other, middle, now)
        if strategy.choose([other, worker]) == 0:
            low = middle
        else:
            high = middle
    return low


def test_peak_ewma_jumps_up_at_once_and_decays_down() -> None:
    strategy, (a,) = PeakEwma(decay_time=10), team(1)
    strategy.observe(a, 1.0, now=0)
    strategy.observe(a, 5.0, now=1)
    assert latency(strategy, a, now=1) == pytest.approx(5)
    strategy.observe(a, 1.0, now=11)
    assert latency(strategy, a, now=11) == pytest.approx(5 / math.e + 1 - 1 / math.e)


def test_peak_ewma_forgets_a_slow_worker_with_time_so_that_it_is_tried_again() -> None:
    strategy, (a, b) = PeakEwma(decay_time=10), team(1, 1)
    strategy.observe(a, 5.0, now=0)
    strategy.observe(b, 1.0, now=10)  # at 10 s a is at 5 / e = 1.84
    assert choices(strategy, [a, b], 1) == "b"
    strategy.observe(b, 1.0, now=20)  # at 20 s it is at 0.68
    assert choices(strategy, [a, b], 1) == "a"
    assert latency(strategy, a, now=20) == pytest.approx(5 / math.e**2)


def test_peak_ewma_begins_anew_on_a_clock_that_begins_anew() -> None:
    strategy, (a, b) = PeakEwma(decay_time=10), team(1, 1)
    for worker in (a, b):
        strategy.observe(worker, 1.0, now=100)
    strategy.observe(a, 3.0, now=3)
    assert choices(strategy, [a, b], 1) == "b"  # of which nothing is known on this clock
    strategy.observe(b, 1.0, now=4)
    strategy.observe(a, 0.5, now=5)  # an average of 3.0 and that, and no power of e
    assert latency(strategy, a, now=5) == pytest.approx(0.5 + 2.5 * math.exp(-0.2))


@pytest.mark.parametrize("decay_time", [0, -1, math.nan])
def test_an_impossible_decay_time_is_refused(decay_time: float) -> None:
    with pytest.raises(ValueError, match="decay_time must be above 0 seconds, got"):
        PeakEwma(decay_time)
