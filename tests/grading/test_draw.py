"""A check draws from whatever hands out numbers; zeros give the simplest."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.grading.draw import Draw

SIMPLEST = Draw(lambda stop: 0)


def test_zeros_give_the_simplest() -> None:
    assert SIMPLEST.items() == [10, 11, 12, 13, 14, 15, 16]
    assert SIMPLEST.beat() == 1.0
    assert SIMPLEST.randint(-3, 5) == -3
    assert SIMPLEST.choice("abc") == "a"


@given(st.randoms(use_true_random=False), st.integers(1, 90))
def test_items_are_different_and_as_many_as_asked_for(random: Random, most: int) -> None:
    items = Draw(random.randrange).items(1, most)
    assert len(items) == len(set(items)) <= most
    assert all(10 <= item < 100 for item in items)


@given(st.randoms(use_true_random=False))
def test_numbers_stay_within_their_bounds(random: Random) -> None:
    draw = Draw(random.randrange)
    assert 2 <= draw.randint(2, 4) <= 4
    assert draw.randrange(3) in (0, 1, 2)
    assert sorted(draw.sample("abc", 3)) == ["a", "b", "c"]


@given(st.randoms(use_true_random=False))
def test_a_beat_adds_up_exactly(random: Random) -> None:
    beat = Draw(random.randrange).beat()
    assert sum([beat / 8] * 1000) == 125 * beat
