"""A class graded at once: `python -m pipeline_kit.grading grade SUBMISSIONS GRADES`.

    SUBMISSIONS/alice/ex01_basic_pipeline.ipynb         GRADES/grades.csv
    SUBMISSIONS/bob/exercises/ex01_basic_pipeline.ipynb GRADES/alice.txt
    …                                                   GRADES/bob.txt …

Each folder in SUBMISSIONS is a student; the notebooks may lie anywhere in it. The numbers are drawn
from one seed for all. `grades.csv` has a line for each student, as gradebooks import it: the points
of each exercise, their sum, and remarks on what somebody should look at (`tampered: 3`). Where the
grader itself failed there are no points but an empty field. The texts say what each student would
have been told by `check()`; where checks are hidden, they tell of those too.

Nothing but the answers is run, each in a process of its own; the other cells of a notebook are not.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from pipeline_kit.grading.checks import load, load_hidden
from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report, grade_by

_NOTHING_TO_GRADE = "no answer found"


@dataclass(frozen=True, slots=True)
class Grade:
    """What one student got for one exercise."""

    exercise: str
    """Name of its notebook without `.ipynb`."""
    number: int
    """Number of the exercise."""
    points: float
    most: float
    """Points there are to earn, those of hidden checks included."""
    status: Status
    text: str
    """What the student would have been told."""
    remark: str = ""
    """What somebody should look at, as it is neither passed nor simply failed."""


@dataclass(frozen=True, slots=True)
class Graded:
    """What one student got for all exercises."""

    student: str
    """Name of the folder."""
    grades: Sequence[Grade]

    @property
    def points(self) -> float:
        """All points together."""
        return sum(grade.points for grade in self.grades)

    @property
    def remarks(self) -> str:
        """What somebody should look at, with the numbers of the exercises: `tampered: 3, 4`."""
        numbers: dict[str, list[str]] = {}
        for grade in self.grades:
            if grade.remark:
                numbers.setdefault(grade.remark, []).append(str(grade.number))
        return "; ".join(f"{remark}: {', '.join(them)}" for remark, them in numbers.items())


def students_in(submissions: Path) -> list[Path]:
    """Return the folders of the students, by name.

    Raises:
        FileNotFoundError: there are none.
    """
    students = sorted(p for p in submissions.glob("*") if p.is_dir() and p.name[0] not in "._")
    if not students:
        raise FileNotFoundError(f"{submissions} has no folders in it, one for each student")
    return students


def grade_class(exercises: Path, submissions: Path, seed: int) -> Iterator[Graded]:
    """Grade all students, as many at a time as there are processors; yield who is done.

    Args:
        exercises: the folder with the checks, also those that are hidden from students.
        submissions: the folder with one folder for each student.
        seed: what all parameters are drawn from.

    Raises:
        FileNotFoundError: there are no students.
    """
    students = students_in(submissions)
    at_once = min(len(students), os.cpu_count() or 1)
    # Not threads, because hypothesis is made for one; and not forks of a process that has some.
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(grade_student, exercises, student, seed) for student in students]
        for done in as_completed(running):
            yield done.result()


def grade_student(exercises: Path, student: Path, seed: int) -> Graded:
    """Grade what is in the folder of one student."""
    return Graded(
        student.name,
        [_grade(checks, student, name, seed) for name, checks in exercises_in(exercises)],
    )


def _grade(checks: Path, student: Path, name: str, seed: int) -> Grade:
    exercise, public = load(checks)
    source, missing = answer_in_notebook(_find(student, f"{name}.ipynb"), exercise.function)
    report = grade_by(exercise, [*public, *load_hidden(checks)], source, seed, missing=missing)
    points, text = (report.points, report.most_points), as_text(report)
    return Grade(name, exercise.number, *points, report.status, text, _remark(report, missing))


def _remark(report: Report, missing: str) -> str:
    if report.status in (Status.PASSED, Status.FAILED):
        return ""
    return _NOTHING_TO_GRADE if missing else str(report.status)


def _find(student: Path, file: str) -> Path:
    """Return the notebook that is nearest to the top of the folder; where it should be, if none."""
    found = (p for p in student.rglob(file) if ".ipynb_checkpoints" not in p.parts)
    return min(found, key=lambda path: (len(path.parts), path), default=student / file)


def write_grades(graded: Sequence[Graded], folder: Path, seed: int) -> None:
    """Write `grades.csv`, and a text for each student.

    Args:
        graded: what the students got; at least one.
        folder: where to write it; made if it is not there.
        seed: what all parameters were drawn from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    exercises = [grade.exercise for grade in graded[0].grades]
    # The mark in front is what tells spreadsheets that this is UTF-8.
    with (folder / "grades.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *exercises, "points", "of", "remarks"])
        for each in graded:
            most = sum(grade.most for grade in each.grades)
            points = [_field(grade) for grade in each.grades]
            writer.writerow([each.student, *points, f"{each.points:g}", f"{most:g}", each.remarks])
    for each in graded:
        text = "\n\n".join(grade.text for grade in each.grades)
        path = folder / f"{each.student}.txt"
        path.write_text(f"{each.student}, seed {seed}\n\n{text}\n", encoding="utf-8")


def _field(grade: Grade) -> str:
    return "" if grade.status is Status.GRADER_ERROR else f"{grade.points:g}"
