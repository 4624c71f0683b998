import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.patterns.watermarks import Watermarks


def calls_for(levels: list[float]) -> list[str]:
    calls: list[str] = []
    marks = Watermarks(
        on_high=lambda: calls.append("high"), on_low=lambda: calls.append("low"), high=0.8, low=0.2
    )
    watch = marks.watch()
    for level in levels:
        watch.note(level)
        calls.append(f"{level}")
    return calls


def test_each_mark_is_told_once_and_only_after_the_other() -> None:
    assert calls_for([0.1, 0.79, 0.8, 1.0, 0.5, 0.21, 0.2, 0.0, 0.5, 0.9]) == [
        *("0.1", "0.79", "high", "0.8", "1.0", "0.5", "0.21", "low", "0.2", "0.0", "0.5"),
        *("high", "0.9"),
    ]


@given(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.8, 0.9, 1.0])))
def test_high_and_low_take_turns(levels: list[float]) -> None:
    """Whatever the levels: high comes first, and neither comes twice in a row."""
    told = [call for call in calls_for(levels) if call in ("high", "low")]
    assert told == ["high", "low"] * (len(told) // 2) + ["high"] * (len(told) % 2)


def test_each_channel_has_a_watch_of_its_own() -> None:
    marks = Watermarks(on_high=lambda: None, on_low=lambda: None)
    first, second = marks.watch(), marks.watch()
    first.note(1.0)
    assert (first.is_high, second.is_high) == (True, False)


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.5), (-0.1, 0.5), (0.2, 1.1), (0.8, 0.2)])
def test_marks_out_of_order_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="shares of the bound, 0 <= low < high <= 1, got low="):
        Watermarks(on_high=print, on_low=print, low=low, high=high)
