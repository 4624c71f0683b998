from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.events import Envelope
from pipeline_kit.patterns.weights import Weights


def refuse(item: object) -> float:
    raise AssertionError("weighed in vain")


def test_what_fits_is_what_stays_within_the_bound() -> None:
    weights = Weights(10, len)
    weights.append("1234567")
    assert weights.total == 7
    assert weights.fit("890")
    assert not weights.fit("890x")
    assert weights.of("890x") == 4


def test_an_item_that_has_changed_meanwhile_goes_with_the_weight_with_which_it_came() -> None:
    weights, item = Weights(10, len), [1, 2]
    weights.append(item)
    item.append(3)
    weights.append([4])
    weights.popleft()
    assert weights.total == 1


def test_what_is_weighed_is_the_item_and_not_its_envelope() -> None:
    assert Weights[object](10, len).of(Envelope(0, "123")) == 3  # type: ignore[arg-type] # has one


def test_without_a_bound_nothing_is_weighed() -> None:
    weights = Weights(inf, refuse)
    assert weights.fit("item")
    weights.append("item")
    assert weights.total == 0
    weights.popleft()


@given(st.lists(st.floats(0, 1) | st.none(), max_size=50))
def test_the_sum_is_that_of_what_is_there_and_exactly_0_if_nothing_is(
    steps: list[float | None],
) -> None:
    """A number comes with itself as its weight, None lets the first one go, if there is one."""
    weights, there = Weights(1e6, float), list[float]()
    for step in steps:
        if step is not None:
            weights.append(step)
            there.append(step)
        elif there:
            weights.popleft()
            there.pop(0)
        assert weights.total == pytest.approx(sum(there))
        assert there or weights.total == 0


@pytest.mark.parametrize("most", [0, -1, nan])
def test_a_bound_that_nothing_fits_is_refused(most: float) -> None:
    with pytest.raises(ValueError, match="max_weight must be above 0, got"):
        Weights(most, len)
