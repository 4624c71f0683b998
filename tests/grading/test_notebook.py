"""What a student calls in a notebook."""

import shutil
from pathlib import Path

import pytest
from graded import ROOT

from pipeline_kit.grading.checks import Check, Exercise
from pipeline_kit.grading.display.shown import Score
from pipeline_kit.grading.notebook import open_exercise
from pipeline_kit.grading.progress import FILE, history
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report, Verdict
from pipeline_kit.grading.worlds.world import World

NAME = "ex01_basic_pipeline"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of exercises, which is where the notebook runs."""
    shutil.copy(ROOT / "exercises" / f"test_{NAME}.py", tmp_path)
    monkeypatch.delenv("PIPELINE_WORKBOOK_EXERCISES", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_check_is_shown_and_kept_as_progress(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, check, _ = open_exercise(NAME)
    check(seed=3)
    assert "run the cell that defines basic_pipeline first" in capsys.readouterr().out
    assert [(checked.exercise, checked.seed) for checked in history(folder)] == [(NAME, 3)]


def test_a_notebook_from_elsewhere_leaves_the_progress_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "solutions"
    elsewhere.mkdir()
    (elsewhere / f"{NAME}.ipynb").touch()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("PIPELINE_WORKBOOK_EXERCISES", str(folder))
    open_exercise(NAME)[1]()
    assert history(folder) == []


def test_progress_that_cannot_be_saved_is_said_and_costs_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / FILE).mkdir()
    assert open_exercise(NAME)[1]() == 0
    assert "Your progress could not be saved" in capsys.readouterr().out


def score(status: Status) -> Score:
    check = Check("test_it", "It holds.", 6.5, "", lambda answer, draw: None)
    exercise = Exercise(1, "Testing", "f", World(items=[], work={}))
    return Score(Report(exercise, 4711, [Verdict(check, status)]))


def test_the_score_is_a_bare_number_as_text() -> None:
    assert (score(Status.PASSED), repr(score(Status.PASSED))) == (6.5, "6.5")
    assert repr(score(Status.FAILED)) == "0"


def test_in_a_page_the_score_says_how_to_repeat_what_failed() -> None:
    assert "<code>check(4711)</code>" in score(Status.FAILED)._repr_html_()
    assert score(Status.PASSED)._repr_html_() == "<small>6.5 of 6.5 points</small>"


def test_hints_unfold_or_are_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, hint = open_exercise(NAME)
    assert hint(1) is None
    assert capsys.readouterr().out.startswith("Hint 1 of 3: ")
    assert "3 hints" in repr(hint())


def test_an_exercise_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no test_ex77_no_such"):
        open_exercise("ex77_no_such")
