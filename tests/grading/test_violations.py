"""What does not hold is shown in a run that is parked at the moment at which it was seen."""

import pytest
from graded import ANSWERS, grade_basic, grade_source

from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.display.violations import Violations, violations
from pipeline_kit.grading.verdicts import Report
from pipeline_kit.trace import SINK


def grade_wrong(exercise: str, answer: str) -> Report:
    path = ANSWERS / exercise / "wrong" / f"{answer}.py"
    return grade_source(exercise, path.read_text(encoding="utf-8"))


def test_the_run_is_parked_when_the_result_should_have_come() -> None:
    report = grade_wrong("ex01_basic_pipeline", "sequential")
    (verdict,) = violations(report)
    assert verdict.trace
    beat = verdict.trace.makespan / 3 / len(verdict.trace.completions(SINK))
    assert verdict.at == 4 * beat  # the second result is due one beat after the first
    picture = Violations([verdict]).first.player.picture
    assert picture["moment"] == verdict.at
    assert picture["title"] == f"✕ {verdict.check.claim}"
    assert picture["error"] == verdict.message


def test_the_report_in_text_draws_the_run_up_to_there() -> None:
    report = grade_wrong("ex01_basic_pipeline", "sequential")
    lines = as_text(report).splitlines()
    axis = next(line for line in lines if line.endswith(f" {violations(report)[0].at:g} s"))
    assert lines[lines.index(axis) - 1].split()[0] == "sink"


def test_a_menu_leads_to_the_other_violations() -> None:
    report = grade_basic("async for item in source: await sink.send(await stage1(item))")
    found = violations(report)
    assert len(found) > 1
    shown = Violations(found)
    shown.menu.value = 1
    assert shown.box.children[1].picture["title"].endswith(found[1].check.claim.replace("`", ""))
    assert shown.box.children[1].picture["moment"] == found[1].at


def test_what_is_the_same_or_was_not_judged_is_shown_once_or_not_at_all() -> None:
    report = grade_wrong("ex02_buffered_pipeline", "sequential")
    assert sum(verdict.waits for verdict in report.verdicts) == 3
    assert len(violations(report)) == 1


@pytest.mark.parametrize("body", ["raise NotImplementedError", "yield 1", "1 / 0"])
def test_where_nothing_has_happened_there_is_nothing_to_show(body: str) -> None:
    assert violations(grade_basic(body)) == []


def test_a_run_that_had_to_be_stopped_is_shown_too() -> None:
    report = grade_basic("async for item in source: await asyncio.Event().wait()")
    assert "nothing can go on" in report.verdicts[0].message
    assert report.verdicts[0].trace
