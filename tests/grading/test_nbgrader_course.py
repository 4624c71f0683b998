"""The course for nbgrader holds all exercises, and none is overwritten. (What nbgrader makes of it
is tested in `test_nbgrader.py`, where nbgrader is installed.)
"""

import json
import shutil
from pathlib import Path

import pytest
from graded import ROOT

from pipeline_kit.grading.__main__ import main
from pipeline_kit.grading.commands.nbgrader_course import make_course
from pipeline_kit.grading.folder import exercises_in

NAMES = [name for name, _ in exercises_in(ROOT / "exercises")]


def test_each_exercise_is_an_assignment(tmp_path: Path) -> None:
    assert make_course(ROOT / "exercises", tmp_path / "course") == NAMES
    sources = sorted(path.name for path in tmp_path.glob("course/source/*/*.ipynb"))
    assert sources == [f"{name}.ipynb" for name in NAMES]


def test_a_course_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["nbgrader", str(tmp_path)]) == 0
    with pytest.raises(SystemExit):
        main(["nbgrader", str(tmp_path)])
    assert "holds a course already; name another folder" in capsys.readouterr().err


def test_an_answer_of_the_instructor_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "exercises", tmp_path / "exercises")
    shutil.copy(ROOT / "solutions" / f"{NAMES[2]}.ipynb", tmp_path / "exercises")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPELINE_WORKBOOK_EXERCISES", raising=False)
    with pytest.raises(SystemExit):
        main(["nbgrader", "course"])
    output = capsys.readouterr().err
    assert f"{NAMES[2]}.ipynb has an answer in it, which students would get" in output
    assert not (tmp_path / "course").exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_cells_say_to_nbgrader_what_they_are(name: str) -> None:
    path = ROOT / "exercises" / f"{name}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = {c["metadata"]["nbgrader"]["grade_id"]: c for c in cells if "nbgrader" in c["metadata"]}
    answer, check = found.pop(f"{name}-answer"), found.pop(f"{name}-check")
    assert not found
    shared = {"cell_type": "code", "schema_version": 3, "task": False}
    assert answer["metadata"]["nbgrader"] == {
        **shared,
        "grade_id": f"{name}-answer",
        "grade": False,
        "solution": True,
        "locked": False,
    }
    assert check["metadata"]["nbgrader"] == {
        **shared,
        "grade_id": f"{name}-check",
        "grade": True,
        "solution": False,
        "locked": True,
        "points": 10,
    }
    assert "".join(check["source"]) == "check()"
