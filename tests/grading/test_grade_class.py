"""A class is graded at once: a line for each student in a CSV file, a text for each."""

import csv
import json
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from graded import ANSWERS, ROOT

from pipeline_kit.grading.__main__ import main
from pipeline_kit.grading.commands import grade_class as module
from pipeline_kit.grading.commands.grade_class import Graded, grade_class, grade_student
from pipeline_kit.grading.commands.handed_in import students_in
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
    hand_in(course, "Ada", kept("wrong/sequential"), folder="__MACOSX")
    [grade] = grade_student(course / "exercises", path.parents[1], seed=1).grades
    assert grade.status is Status.PASSED


def test_the_solutions_of_a_whole_workbook_are_nobodys_answer(course: Path) -> None:
    path = hand_in(course, "Ada", kept("right/queues"), folder="workbook/solutions")
    [grade] = grade_student(course / "exercises", path.parents[2], seed=1).grades
    assert (grade.points, grade.remark) == (0, "no answer found")


def test_a_link_to_the_work_of_another_is_none(course: Path) -> None:
    path = hand_in(course, "Ada", kept("right/queues"))
    (course / "class" / "eve").mkdir()
    (course / "class" / "eve" / path.name).symlink_to(path)
    [grade] = grade_student(course / "exercises", course / "class" / "eve", seed=1).grades
    assert (grade.points, grade.remark) == (0, "no answer found")
    assert "only a link" in grade.text


@pytest.mark.parametrize(
    "name", [f"{NAME} (1).ipynb", "Ex01_Basic_Pipeline.ipynb", "work/zoe_ex01.ipynb", f"{NAME}.py"]
)
def test_a_file_of_another_name_is_named(course: Path, name: str) -> None:
    folder = course / "class" / "Ada"
    folder.joinpath(name).parent.mkdir(parents=True)
    folder.joinpath(name).touch()
    folder.joinpath(f"test_{NAME}.py").touch()
    [grade] = grade_student(course / "exercises", folder, seed=1).grades
    assert (grade.points, grade.remark) == (0, "file of another name")
    assert (
        f"there is no notebook {NAME}.ipynb, but there is {Path(name).name}\n" in f"{grade.text}\n"
    )


def test_a_name_is_never_a_formula_of_a_spreadsheet(course: Path) -> None:
    for student in ("=1+1", "@home", "Doe, Ada", "_ada"):
        hand_in(course, student, "")
    assert main(["grade", "class", "grades"]) == 0
    assert list(rows(course)) == ["'=1+1", "'@home", "Doe, Ada", "_ada"]


@pytest.mark.skipif(os.name != "posix", reason="names of files are text there")
def test_a_name_that_an_archive_has_spoilt_costs_nobody_a_grade(course: Path) -> None:
    os.makedirs(os.fsencode(course) + b"/class/Zo\xeb")
    assert main(["grade", "class", "grades"]) == 0
    assert list(rows(course)) == ["Zo\N{REPLACEMENT CHARACTER}"]


def test_what_archives_and_git_add_is_no_student(course: Path) -> None:
    for folder in ("__MACOSX", ".git", "Ada"):
        (course / "class" / folder).mkdir(parents=True)
    assert [student.name for student in students_in(course / "class")] == ["Ada"]


def test_no_more_is_begun_than_is_graded_at_once(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So an interrupt need not wait for the whole class."""
    begun = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, at_once: int, **_: object) -> None:
            super().__init__(at_once)

        def submit(self, *call: object, **_: object) -> Future[Graded]:  # type: ignore[override] # as called here
            begun.append(call[2])
            return super().submit(Graded, "", [])

    for student in ("a", "b", "c"):
        (course / "class" / student).mkdir(parents=True)
    monkeypatch.setattr(module, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    grading = grade_class(course / "exercises", course / "class", seed=1)
    next(grading)
    assert len(begun) == 2
    assert len(list(grading)) == 2


def test_an_interrupt_is_told_without_a_traceback(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course, "Ada", "")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline_kit.grading.__main__.grade_class", interrupted)
    assert main(["grade", "class", "grades"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_grades_that_cannot_be_written_are_said_so_before_anything_is_graded(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course, "Ada", kept("right/queues"))
    (course / "grades").touch()
    with pytest.raises(SystemExit):
        main(["grade", "class", "grades"])
    output = capsys.readouterr()
    assert "File exists: 'grades'" in output.err
    assert output.out == ""


def test_a_folder_without_students_is_said_to_be_one(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "class").mkdir()
    with pytest.raises(SystemExit):
        main(["grade", "class", "grades"])
    assert "class has no folders in it, one for each student" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["grade", "clas", "grades"])
    assert "there is no folder clas" in capsys.readouterr().err


def test_grades_are_not_written_among_the_submissions(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course, "Ada", kept("right/queues"))
    with pytest.raises(SystemExit):
        main(["grade", "class", "class/grades"])
    assert "lies where the submissions are; name another folder" in capsys.readouterr().err
