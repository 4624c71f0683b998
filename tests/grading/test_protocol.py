"""Only what the runner says is understood; anything else is tampering."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.grading.protocol import Ask, Ended, Request, TamperedError, parse

STAGES = ["stage1"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
)


def test_an_ask_is_read() -> None:
    line = b'{"ask": [[1, "next", "", 0], [2, "work", "stage1", 5]], "timer": 2.5}'
    assert parse(line, STAGES) == Ask([Request(1, "next"), Request(2, "work", "stage1", 5)], 2.5)


def test_an_end_is_read() -> None:
    ended = {"how": "returned", "requests": [], "fault": None}
    ended |= {"tasks": [], "never_awaited": ["x"], "printed": ""}
    expected = Ended("returned", never_awaited=["x"])
    assert parse(json.dumps({"ended": ended}).encode(), STAGES) == expected


@given(JSON)
def test_nothing_else_is_understood_and_nothing_breaks(message: object) -> None:
    with pytest.raises(TamperedError):
        parse(json.dumps(message).encode(), STAGES)


@given(JSON, st.sampled_from(["ask", "timer"]))
def test_no_wrong_field_is_let_through(value: object, field: str) -> None:
    message = {"ask": [], "timer": None, field: value}
    try:
        result = parse(json.dumps(message).encode(), STAGES)
    except TamperedError:
        return
    assert isinstance(result, Ask)
    assert result.requests == []
    assert result.timer is None or 0 <= result.timer < 1e9


@given(JSON, st.sampled_from(["how", "requests", "fault", "tasks", "never_awaited", "printed"]))
def test_no_wrong_end_is_let_through(value: object, field: str) -> None:
    ended = {"how": "returned", "requests": [], "fault": None}
    ended |= {"tasks": [], "never_awaited": [], "printed": "", field: value}
    try:
        result = parse(json.dumps({"ended": ended}).encode(), STAGES)
    except TamperedError:
        return
    assert isinstance(result, Ended)
    assert all(isinstance(text, str) for text in [*result.tasks, result.printed])
