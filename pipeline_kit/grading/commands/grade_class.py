"""A class graded at once: `python -m pipeline_kit.grading grade SUBMISSIONS GRADES`.

    SUBMISSIONS/alice/ex01_basic_pipeline.ipynb         GRADES/grades.csv
    SUBMISSIONS/bob/exercises/ex01_basic_pipeline.ipynb GRADES/alice.txt
    …                                                   GRADES/bob.txt …

Each folder in SUBMISSIONS is a student (`handed_in` tells what is found there). The numbers are
drawn from one seed for all. `grades.csv` has a line for each student, as gradebooks import it: the
points of each exercise, their sum, and remarks on what somebody should look at (`tampered: 3`).
Where the grader itself failed there are no points but an empty field. The texts say what each
student would have been told by `check()`; where checks are hidden, they tell of those too.

Nothing but the answers is run, each in a process of its own; the other cells of a notebook are not.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from pipeline_kit.grading.checks import load, load_hidden
from pipeline_kit.grading.commands.handed_in import answer_of, files_of, students_in
from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import grade_by

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a spreadsheet begins a formula, and runs it."""


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
        submitted = (pool.submit(grade_student, exercises, each, seed) for each in students)
        # No more than are being graded: at Ctrl+C a pool does first all that it has been given.
        running = set(islice(submitted, at_once))
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= set(islice(submitted, len(done)))
            yield from (each.result() for each in done)


def grade_student(exercises: Path, student: Path, seed: int) -> Graded:
    """Grade what is in the folder of one student."""
    files = files_of(student)
    return Graded(
        os.fsencode(student.name).decode(errors="replace"),  # archives may spoil what is not ASCII
        [_grade(checks, files, name, seed) for name, checks in exercises_in(exercises)],
    )


def _grade(checks: Path, files: Sequence[Path], name: str, seed: int) -> Grade:
    exercise, public = load(checks)
    source, missing, remark = answer_of(files, name, exercise.function)
    report = grade_by(exercise, [*public, *load_hidden(checks)], source, seed, missing=missing)
    if report.status not in (Status.PASSED, Status.FAILED):
        remark = remark or str(report.status)
    points, text = (report.points, report.most_points), as_text(report)
    return Grade(name, exercise.number, *points, report.status, text, remark)


def write_grades(graded: Sequence[Graded], folder: Path, seed: int) -> None:
    """Write `grades.csv`, and a text for each student.

    Args:
        graded: what the students got; at least one.
        folder: where to write it.
        seed: what all parameters were drawn from.
    """
    exercises = [grade.exercise for grade in graded[0].grades]
    # The mark in front is what tells spreadsheets that this is UTF-8.
    with (folder / "grades.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["student", *exercises, "points", "of", "remarks"])
        for each in graded:
            most = sum(grade.most for grade in each.grades)
            points = [_field(grade) for grade in each.grades]
            name = _no_formula(each.student)
            writer.writerow([name, *points, f"{each.points:g}", f"{most:g}", each.remarks])
    for each in graded:
        text = "\n\n".join(grade.text for grade in each.grades)
        path = folder / f"{each.student}.txt"
        path.write_text(f"{each.student}, seed {seed}\n\n{text}\n", encoding="utf-8")


def _no_formula(name: str) -> str:
    """Return `name` as a spreadsheet takes it for a text: with a quote before what may be more."""
    return f"'{name}" if name.startswith(_FORMULA) else name


def _field(grade: Grade) -> str:
    return "" if grade.status is Status.GRADER_ERROR else f"{grade.points:g}"
