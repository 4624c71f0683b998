"""A class is graded at once: a line for each student in a CSV file, a text for each."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from graded import ANSWERS, ROOT

from pipeline_kit.grading.__main__ import main
from pipeline_kit.grading.commands.grade_class import grade_student
from pipeline_kit.grading.status import Status

NAME = "ex01_basic_pipeline"
LEAVES = "import os\nos._exit(0)\nasync def basic_pipeline(*given): pass"
HIDDEN_CHECK = """
from pipeline_kit.grading.checks import check

@check(points=4, hint="…")
def test_one_more_thing(answer, draw):
    "Something that students do not see coming."
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the checks of one exercise, in which one works, and beside it a class."""
    (tmp_path / "exercises").mkdir()
    shutil.copy(ROOT / "exercises" / f"test_{NAME}.py", tmp_path / "exercises")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hand_in(course: Path, student: str, source: str, folder: str = ".") -> Path:
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["answer"]}}
    path = course / "class" / student / folder / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    return path


def kept(kind: str) -> str:
    return (ANSWERS / NAME / f"{kind}.py").read_text(encoding="utf-8")


def rows(course: Path) -> dict[str, dict[str, str]]:
    with (course / "grades" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_each_student_has_a_line_and_a_text(course: Path) -> None:
    hand_in(course, "Ada", kept("right/queues"))
    hand_in(course, "Zoë", kept("wrong/sequential"), folder="work/exercises")
    hand_in(course, "eve", LEAVES)
    hand_in(course, "bob", "async def basic_pipeline(*given): raise NotImplementedError")
    (course / "class" / "max").mkdir()
    (course / "class" / "list.csv").touch()
    assert main(["grade", "class", "grades", "--seed", "7"]) == 0
    found = rows(course)
    assert list(found) == ["Ada", "Zoë", "bob", "eve", "max"]
    assert [row["of"] for row in found.values()] == ["10"] * 5
    assert found["Ada"][NAME] == found["Ada"]["points"] == "10"
    assert 0 < float(found["Zoë"]["points"]) < 10
    remarks = {student: row["remarks"] for student, row in found.items() if row["remarks"]}
    assert remarks == {"bob": "not attempted: 1", "eve": "crashed: 1", "max": "no answer found: 1"}
    text = (course / "grades" / "Zoë.txt").read_text(encoding="utf-8")
    assert text.startswith("Zoë, seed 7\n\nExercise 1, The basic pipeline: failed")
    assert "✕ All three stages work at the same time" in text


def test_where_the_grader_fails_there_is_no_grade(course: Path) -> None:
    hand_in(course, "Ada", kept("right/queues"))
    hidden = HIDDEN_CHECK + "    raise KeyError('oops')\n"
    (course / "exercises" / f"test_{NAME}_hidden.py").write_text(hidden, encoding="utf-8")
    assert main(["grade", "class", "grades"]) == 1
    assert rows(course)["Ada"][NAME] == ""
    assert rows(course)["Ada"]["remarks"] == "grader error: 1"


def test_hidden_checks_count(course: Path) -> None:
    path = hand_in(course, "Ada", kept("right/queues"))
    (course / "exercises" / f"test_{NAME}_hidden.py").write_text(HIDDEN_CHECK, encoding="utf-8")
    [grade] = grade_student(course / "exercises", path.parent, seed=1).grades
    assert (grade.points, grade.most, grade.status) == (14, 14, Status.PASSED)


def test_the_notebook_nearest_to_the_top_counts_and_no_checkpoint(course: Path) -> None:
    path = hand_in(course, "Ada", kept("right/queues"), folder="exercises")
    hand_in(course, "Ada", kept("wrong/sequential"), folder="exercises/old")
    hand_in(course, "Ada", kept("wrong/sequential"), folder=".ipynb_checkpoints")
    [grade] = grade_student(course / "exercises", path.parents[1], seed=1).grades
    assert grade.status is Status.PASSED


def test_a_link_to_the_work_of_another_is_none(course: Path) -> None:
    path = hand_in(course, "Ada", kept("right/queues"))
    (course / "class" / "eve").mkdir()
    (course / "class" / "eve" / path.name).symlink_to(path)
    [grade] = grade_student(course / "exercises", course / "class" / "eve", seed=1).grades
    assert (grade.points, grade.remark) == (0, "no answer found")
    assert "only a link" in grade.text


def test_a_folder_without_students_is_said_to_be_one(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "class").mkdir()
    with pytest.raises(SystemExit):
        main(["grade", "class", "grades"])
    assert "class has no folders in it, one for each student" in capsys.readouterr().err


def test_grades_are_not_written_among_the_submissions(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course, "Ada", kept("right/queues"))
    with pytest.raises(SystemExit):
        main(["grade", "class", "class/grades"])
    assert "lies where the submissions are; name another folder" in capsys.readouterr().err
