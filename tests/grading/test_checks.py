"""A check passes, fails, or shows a fault of the grader, which is never a grade."""

import pytest

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check, check_of
from pipeline_kit.grading.display.report import as_html, as_text, score
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.verdicts import Report
from pipeline_kit.grading.worlds.world import World

EXERCISE = Exercise(1, "Testing", "f", World(items=[], work={}))


@check(points=3, hint="…")
def holds(answer: Answer, draw: Draw) -> None:
    """All is well."""


@check(points=2, hint="Think of `this`.")
def fails(answer: Answer, draw: Draw) -> None:
    """Nothing is wrong."""
    raise Unmet("at 3 s something was wrong")


@check(points=4, hint="…", needs=("fails",))
def needs_it(answer: Answer, draw: Draw) -> None:
    """All that follows is well."""
    raise AssertionError("must not be judged")


@check(points=1, hint="…")
def is_broken(answer: Answer, draw: Draw) -> None:
    """The grader can count."""
    _ = [][1]


def report_on(*functions: object) -> Report:
    report = Report(EXERCISE, 0)
    with Answer("", "f") as answer:
        for function in functions:
            declared = check_of(function)
            assert declared
            report.judge(declared, answer)
    return report


def test_points_are_those_of_the_checks_that_hold() -> None:
    report = report_on(holds, fails)
    assert (report.points, report.most_points, report.status) == (3, 5, Status.FAILED)


def test_a_failed_check_says_what_happened_and_gives_its_hint() -> None:
    text = as_text(report_on(holds, fails))
    assert "✕ Nothing is wrong. (0 of 2)" in text
    assert "at 3 s something was wrong" in text
    assert "Hint: Think of `this`." in text
    assert "<code>this</code>" in as_html(report_on(holds, fails))


def test_a_check_that_needs_another_is_not_judged_before_that_holds() -> None:
    verdict = report_on(fails, needs_it).verdicts[1]
    assert verdict.waits
    assert verdict.points == 0
    assert verdict.message == "not judged before this holds: Nothing is wrong."


def test_a_fault_of_the_grader_is_no_grade() -> None:
    report = report_on(holds, is_broken)
    assert report.status is Status.GRADER_ERROR
    assert score(report) == "grader error, which is not your fault and not a grade"
    assert "IndexError in test_checks.py" in as_text(report)


def test_a_fault_of_the_search_is_one_of_the_grader(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no numbers")

    monkeypatch.setattr("pipeline_kit.grading.search.simplest_failure", fail)
    assert report_on(holds).status is Status.GRADER_ERROR


def test_what_several_checks_say_alike_is_said_once() -> None:
    report = report_on(fails, fails)
    assert as_html(report).count("at 3 s something was wrong") == 1
    assert as_text(report).count("at 3 s something was wrong") == 1
    assert "Hint" not in as_html(report) + as_text(report)
