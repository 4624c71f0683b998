"""Only what the runner says is understood; anything else is tampering."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit.grading.process.distrust import TamperedError, parse
from pipeline_kit.grading.process.protocol import Ask, Ended, Order, Request

ORDER = Order("", "f", ["stage1"], {}, 1.5, streams=["changes"], signals=["alarm"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
)


def test_an_ask_is_read() -> None:
    line = b'{"ask": [[1, "next", "", 0], [2, "work", "stage1", 5]], "timer": 2.5}'
    assert parse(line, ORDER) == Ask([Request(1, "next"), Request(2, "work", "stage1", 5)], 2.5)


def test_an_end_is_read() -> None:
    ended = {"how": "returned", "requests": [], "fault": None}
    ended |= {"tasks": [], "never_awaited": ["x"], "printed": "", "returned": None}
    ended |= {"threads": [], "timers": 0, "lost": []}
    expected = Ended("returned", never_awaited=["x"])
    assert parse(json.dumps({"ended": ended}).encode(), ORDER) == expected


@given(JSON)
def test_nothing_else_is_understood_and_nothing_breaks(message: object) -> None:
    with pytest.raises(TamperedError):
        parse(json.dumps(message).encode(), ORDER)


@given(JSON, st.sampled_from(["ask", "timer"]))
def test_no_wrong_field_is_let_through(value: object, field: str) -> None:
    message = {"ask": [], "timer": None, field: value}
    try:
        result = parse(json.dumps(message).encode(), ORDER)
    except TamperedError:
        return
    assert isinstance(result, Ask)
    assert result.requests == []
    assert result.timer is None or 0 <= result.timer < 1e9


@given(
    JSON,
    st.sampled_from(
        ["how", "requests", "fault", "tasks", "never_awaited", "printed", "timers", "lost", "x"]
    ),
)
def test_no_wrong_end_is_let_through(value: object, field: str) -> None:
    ended = {"how": "returned", "requests": [], "fault": None}
    ended |= {
        "tasks": [],
        "never_awaited": [],
        "printed": "",
        "returned": None,
        "threads": [],
        "timers": 0,
        "lost": [],
        field: value,
    }
    try:
        result = parse(json.dumps({"ended": ended}).encode(), ORDER)
    except TamperedError:
        return
    assert isinstance(result, Ended)
    assert all(isinstance(text, str) for text in [*result.tasks, result.printed])


@pytest.mark.parametrize(("kind", "name"), [("hear", "changes"), ("tell", "alarm")])
def test_a_stream_is_heard_and_a_signal_told_by_its_name(kind: str, name: str) -> None:
    ask = json.dumps({"ask": [[1, kind, name, 0]], "timer": None}).encode()
    assert parse(ask, ORDER) == Ask([Request(1, kind, name)], None)  # type: ignore[arg-type] # a literal in the list above
    with pytest.raises(TamperedError, match="names what is not there"):
        parse(ask.replace(name.encode(), b"stage1"), ORDER)
