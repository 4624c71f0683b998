"""Right answers get full marks, and each wrong answer fails the one check that is its own."""

from pathlib import Path

import pytest
from graded import ROOT, answers, failing_check, grade_source, name_of

from pipeline_kit.grading.checks import load
from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.status import Status

EXERCISES = sorted(path.stem[5:] for path in (ROOT / "exercises").glob("test_ex*.py"))


@pytest.mark.parametrize("path", answers("right"), ids=name_of)
def test_a_right_answer_gets_full_marks(path: Path) -> None:
    report = grade_source(path.parts[-3], path.read_text(encoding="utf-8"))
    assert report.status is Status.PASSED, as_text(report)
    assert report.points == 10


@pytest.mark.parametrize("path", answers("wrong"), ids=name_of)
def test_a_wrong_answer_fails_exactly_its_own_check(path: Path) -> None:
    report = grade_source(path.parts[-3], path.read_text(encoding="utf-8"))
    failed = [v for v in report.verdicts if v.status is not Status.PASSED and not v.waits]
    assert [v.check.name for v in failed] == [failing_check(path)], as_text(report)
    assert report.status in (Status.FAILED, Status.TIMEOUT)  # as some would go on for ever
    assert f"Hint: {failed[0].check.hint[:30]}" in as_text(report)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_check_is_failed_by_some_wrong_answer(exercise: str) -> None:
    _, checks = load(ROOT / "exercises" / f"test_{exercise}.py")
    wrong = {failing_check(path) for path in answers("wrong") if path.parts[-3] == exercise}
    assert {check.name for check in checks} == wrong


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_points_add_up_to_ten(exercise: str) -> None:
    _, checks = load(ROOT / "exercises" / f"test_{exercise}.py")
    assert sum(check.points for check in checks) == 10


@pytest.mark.parametrize("exercise", EXERCISES)
def test_there_are_three_hints_and_something_to_go_on_with(exercise: str) -> None:
    declared, _ = load(ROOT / "exercises" / f"test_{exercise}.py")
    assert len(declared.hints) == 3
    assert declared.extension


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_solution_gets_full_marks(exercise: str) -> None:
    declared, _ = load(ROOT / "exercises" / f"test_{exercise}.py")
    source, _ = answer_in_notebook(ROOT / "solutions" / f"{exercise}.ipynb", declared.function)
    assert grade_source(exercise, source).points == 10


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_stub_gets_nothing(exercise: str) -> None:
    declared, _ = load(ROOT / "exercises" / f"test_{exercise}.py")
    source, _ = answer_in_notebook(ROOT / "exercises" / f"{exercise}.ipynb", declared.function)
    report = grade_source(exercise, source)
    assert report.status is Status.NOT_ATTEMPTED
    assert report.points == 0
    assert len(source.strip().splitlines()) <= 12


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_answer_that_does_nothing_gets_nothing(exercise: str) -> None:
    declared, _ = load(ROOT / "exercises" / f"test_{exercise}.py")
    source = f"async def {declared.function}(*given, **options): pass"
    assert grade_source(exercise, source).points == 0


@pytest.mark.parametrize("exercise", EXERCISES)
@pytest.mark.parametrize("kind", ["right", "wrong"])
def test_other_numbers_give_the_same_verdict(exercise: str, kind: str) -> None:
    path = next(path for path in answers(kind) if path.parts[-3] == exercise)
    source = path.read_text(encoding="utf-8")
    verdicts = {
        tuple(verdict.status for verdict in grade_source(exercise, source, seed).verdicts)
        for seed in range(10)
    }
    assert len(verdicts) == 1
