"""A course on nbgrader uses the same notebooks: nbgrader itself releases, grades and exports."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from graded import ANSWERS, ROOT, grade_source

from pipeline_kit.grading.__main__ import main

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install 'nbgrader>=0.9.6'")

NAME = "ex01_basic_pipeline"


def nbgrader(course: Path, *arguments: str) -> None:
    """Run nbgrader in a course; it finds its own helpers on the path only."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]


def answer_of(kind: str) -> str:
    return (ANSWERS / NAME / f"{kind}.py").read_text(encoding="utf-8")


def submit(course: Path, student: str, answer: str) -> None:
    """Hand in the released notebook, with this answer if there is one."""
    released = course / "release" / NAME / f"{NAME}.ipynb"
    content = json.loads(released.read_text(encoding="utf-8"))
    cell = next(c for c in content["cells"] if "answer" in c["metadata"].get("tags", []))
    if answer:
        cell["source"] = answer_of(answer)
    target = course / "submitted" / student / NAME
    target.mkdir(parents=True)
    (target / released.name).write_text(json.dumps(content), encoding="utf-8")


def test_it_releases_grades_with_partial_credit_and_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    course = tmp_path / "course"
    assert main(["nbgrader", str(course)]) == 0
    nbgrader(course, "generate_assignment", NAME)
    students = {"alice": "right/queues", "bob": "wrong/sequential", "carol": ""}
    for student, answer in students.items():
        submit(course, student, answer)
    nbgrader(course, "autograde", NAME, "--create")
    nbgrader(course, "export")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        grades = {
            row["student_id"]: (row["score"], row["max_score"]) for row in csv.DictReader(file)
        }
    partly = grade_source(NAME, answer_of("wrong/sequential")).points
    assert 0 < partly < 10
    scores = {"alice": 10.0, "bob": partly, "carol": 0.0}
    assert grades == {student: (str(score), "10.0") for student, score in scores.items()}


@pytest.mark.parametrize("path", sorted(ROOT.glob("exercises/*.ipynb")), ids=lambda path: path.stem)
def test_the_metadata_fits_its_schema(path: Path) -> None:
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator

    MetadataValidator().validate_nb(nbformat.read(path, as_version=4))
