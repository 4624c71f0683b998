"""The scoreboard shows where a student stands, and what to do next."""

import io
import os
import sys
from pathlib import Path

import pytest
from graded import ROOT

from pipeline_kit.grading.__main__ import main
from pipeline_kit.grading.folder import exercises_folder
from pipeline_kit.grading.progress import FILE
from pipeline_kit.grading.scoreboard import Scoreboard, scoreboard

CHECKS = """
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.worlds.world import World

EXERCISE = Exercise({number}, "The <{number}>", "f", World(items=[], work={{}}))


@check(points=10, hint="…")
def test_it(answer, draw):
    "It holds."
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for number in (1, 2, 10):
        checks = tmp_path / f"test_ex{number:02}_thing.py"
        checks.write_text(CHECKS.format(number=number), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keep(folder: Path, exercise: str, points: float, status: str) -> None:
    with (folder / FILE).open("a") as file:
        file.write(f'\n{{"exercise": "{exercise}", "points": {points}, "status": "{status}"}}')


def lines(board: Scoreboard) -> list[str]:
    return repr(board).splitlines()


def test_without_progress_the_first_exercise_is_next(folder: Path) -> None:
    board = scoreboard(folder)
    assert lines(board)[0].endswith("0 of 10  not attempted")
    assert lines(board)[-2].endswith("0 of 30")
    assert lines(board)[-1] == "Next: ex01_thing.ipynb, the <1>."


def test_what_is_begun_comes_before_what_is_not(folder: Path) -> None:
    keep(folder, "ex02_thing", 6.5, "failed")
    keep(folder, "ex10_thing", 10, "passed")
    board = scoreboard(folder)
    assert board.points == 16.5
    assert [row.points for row in board.rows] == [0, 6.5, 10]
    assert board.next_step.startswith("Go on with ex02_thing.ipynb: 3.5 points are missing")


def test_the_last_check_counts_and_the_best_is_remembered(folder: Path) -> None:
    keep(folder, "ex01_thing", 10, "passed")
    keep(folder, "ex01_thing", 4, "failed")
    assert lines(scoreboard(folder))[0].endswith("4 of 10  failed, 10 earlier")


def test_when_all_is_passed_it_says_so(folder: Path) -> None:
    for number in ("01", "02", "10"):
        keep(folder, f"ex{number}_thing", 10, "passed")
    assert scoreboard(folder).next_step.startswith("All points are yours.")


def test_more_points_than_there_are_come_from_an_older_version(folder: Path) -> None:
    keep(folder, "ex01_thing", 12, "passed")
    assert scoreboard(folder).rows[0].points == 10


def test_in_a_notebook_the_exercises_are_links(folder: Path) -> None:
    (folder / "notebooks").mkdir()
    os.chdir(folder / "notebooks")
    html = scoreboard(folder)._repr_html_()
    assert '<a href="../ex01_thing.ipynb">The &lt;1&gt;</a>' in html
    assert 'Next: <a href="../ex01_thing.ipynb">ex01_thing.ipynb</a>, the &lt;1&gt;.' in html


def test_the_command_line_shows_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score"]) == 0
    assert capsys.readouterr().out.rstrip() == repr(scoreboard(folder))


def test_a_console_that_lacks_characters_shows_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", console)
    assert main(["score"]) == 0
    console.seek(0)
    assert "The <1>   ??????????    0 of 10  not attempted" in console.read()


def test_without_exercises_here_those_of_the_package_are_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPELINE_WORKBOOK_EXERCISES", raising=False)
    assert exercises_folder() == ROOT / "exercises"


def test_an_exercise_that_is_nowhere_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no test_ex77\.py, which belongs to ex77\.ipynb"):
        exercises_folder("ex77")
