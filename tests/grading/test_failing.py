"""A failing world fails as often as its script says, and keeps what is reported to `errors`."""

import pytest
from graded import grade_source

from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.process.distrust import TamperedError, parse
from pipeline_kit.grading.process.protocol import Ask, Order, Reply, Request
from pipeline_kit.grading.worlds.failing import FailingPlay, FailingWorld, ReportedItem

WORLD = FailingWorld(items=[7, 8], work={"stage1": 1.0}, failures={"stage1": {0: 2}})


def ask(play: FailingPlay, *requests: Request) -> Reply:
    reply = play.answer(Ask(list(requests), None))
    assert isinstance(reply, Reply)
    return reply


def test_a_stage_fails_as_often_as_the_script_says_and_then_works() -> None:
    play = FailingPlay(WORLD)
    ask(play, Request(1, "next"))
    outcomes = [ask(play, Request(n, "work", "stage1", 7)).results[0][1] for n in range(2, 5)]
    assert outcomes == ["error", "error", "value"]
    assert [e.kind for e in play.trace.of("stage1", "started", "failed", "finished")] == [
        "started",
        "finished",
    ]
    assert [mark.time for mark in play.trace.marks] == [1.0, 2.0]


def test_a_try_that_comes_later_is_an_event_of_its_own() -> None:
    play = FailingPlay(WORLD)
    ask(play, Request(1, "next"))
    ask(play, Request(2, "work", "stage1", 7))
    play.answer(Ask([], 5.0))
    ask(play, Request(3, "work", "stage1", 7))
    assert [(e.time, e.kind) for e in play.trace.of("stage1", "started", "failed")] == [
        (0.0, "started"),
        (1.0, "failed"),
        (5.0, "started"),
        (6.0, "failed"),
    ]


def test_an_error_says_which_stage_it_came_from() -> None:
    play = FailingPlay(WORLD)
    ask(play, Request(1, "next"))
    assert ask(play, Request(2, "work", "stage1", 7)).results[0][3] == "stage1"


def test_reports_are_kept_with_their_time() -> None:
    play = FailingPlay(WORLD)
    ask(play, Request(1, "next"))
    ask(play, Request(2, "work", "stage1", 7))
    ask(play, Request(3, "report", "stage1", 7))
    play.note([Request(4, "close", "errors"), Request(5, "close")])
    assert play.reports == [ReportedItem(1.0, 7, "stage1")]
    assert (play.errors_closed, play.closed) == ([1.0], [1.0])


def test_it_is_known_whose_value_a_value_is() -> None:
    play = FailingPlay(WORLD)
    ask(play, Request(1, "next"), Request(2, "next"))
    made = ask(play, Request(3, "work", "stage1", 8)).results[0][2]
    assert isinstance(made, int)
    assert [play.owner(value) for value in (7, 8, made, 12345)] == [0, 1, 1, None]


def test_only_an_answer_that_has_errors_may_report() -> None:
    line = b'{"ask": [[1, "report", "stage1", 7]], "timer": null}'
    assert parse(line, Order("", "f", ["stage1"], {}, 1.0, errors=True))
    with pytest.raises(TamperedError, match="names what is not there"):
        parse(line, Order("", "f", ["stage1"], {}, 1.0))


def test_whoever_forgets_the_error_is_told() -> None:
    source = """
async def pipeline_with_error_handling(source, stage1, stage2, stage3, sink, errors, attempts):
    async for item in source:
        await errors.send(item, "it failed")
"""
    text = " ".join(as_text(grade_source("ex04_error_handling", source)).split())
    assert "errors.send takes an item and the exception that was raised for it" in text
