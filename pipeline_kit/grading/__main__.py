"""The command line: `python -m pipeline_kit.grading score`, and what else `--help` lists.

The exercises are looked for here and in `exercises/`.
"""

import argparse
import io
import random
import re
import sys
from contextlib import suppress
from pathlib import Path

from pipeline_kit.grading.checks import load
from pipeline_kit.grading.commands.grade_class import grade_class, write_grades
from pipeline_kit.grading.commands.nbgrader_course import make_course
from pipeline_kit.grading.commands.reset import reset
from pipeline_kit.grading.commands.watch import check_notebook, watch
from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.folder import exercises_folder, exercises_in
from pipeline_kit.grading.scoreboard import scoreboard
from pipeline_kit.grading.status import Status


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # "?" for what a console cannot show
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        folder = exercises_folder()
        exercise = _find(folder, given.exercise) if "exercise" in given else ""
        return _obey(given, folder, exercise)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130  # as shells say it


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline_kit.grading", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("score", help="show where you stand with all exercises")
    commands.add_parser("watch", help="check each exercise when its notebook is saved")
    check = commands.add_parser("check", help="check one exercise, as saved")
    check.add_argument("exercise", help="such as 3, ex03 or ex03_fan_out_fan_in")
    check.add_argument("--seed", type=int, help="repeat a check with the numbers of this seed")
    course = commands.add_parser("nbgrader", help="make a course for nbgrader of the exercises")
    course.add_argument("course", type=Path, help="the folder to make")
    a_class = commands.add_parser("grade", help="grade a whole class")
    a_class.add_argument("submissions", type=Path, help="a folder with a folder for each student")
    a_class.add_argument("grades", type=Path, help="the folder to write grades.csv and texts into")
    a_class.add_argument("--seed", type=int, help="repeat a grading with the numbers of this seed")
    start_over = commands.add_parser("reset", help="put the stub back; your answer is kept")
    start_over.add_argument("exercise", help="such as 3, ex03 or ex03_fan_out_fan_in")
    return parser


def _obey(given: argparse.Namespace, folder: Path, exercise: str) -> int:
    if given.command == "score":
        print(scoreboard(folder))
    elif given.command == "watch":
        print(scoreboard(folder))
        print("Save a notebook, and it is checked here. Ctrl+C ends this.", flush=True)
        with suppress(KeyboardInterrupt):
            watch(folder)
    elif given.command == "check":
        report, not_kept = check_notebook(folder, exercise, given.seed)
        print(f"{as_text(report)}\n  (seed {report.seed})  {not_kept}".rstrip())
        return int(report.status is not Status.PASSED)
    elif given.command == "grade":
        return _grade_class(folder, given)
    elif given.command == "nbgrader":
        names = make_course(folder, given.course)
        print(f"{given.course} is a course of {len(names)} assignments. To release the first:")
        print(f"    cd {given.course} && nbgrader generate_assignment {names[0]}")
    else:
        declared, _ = load(folder / f"test_{exercise}.py")
        print(reset(folder, exercise, declared.function))
    return 0


def _grade_class(folder: Path, given: argparse.Namespace) -> int:
    """Grade a class, telling of each student as it goes; 1 if the grader has failed anywhere."""
    if given.grades.resolve().is_relative_to(given.submissions.resolve()):
        raise ValueError(f"{given.grades} lies where the submissions are; name another folder")
    given.grades.mkdir(parents=True, exist_ok=True)  # minutes before it is needed, should it fail
    seed = random.randrange(10_000) if given.seed is None else given.seed
    graded = []
    for each in grade_class(folder, given.submissions, seed):
        graded.append(each)
        remarks = f"  ({each.remarks})" if each.remarks else ""
        print(f"{each.points:>5g}  {each.student}{remarks}", flush=True)
    write_grades(sorted(graded, key=lambda each: each.student), given.grades, seed)
    print(
        f"{given.grades / 'grades.csv'} has the grades, from seed {seed}; the texts are beside it"
    )
    return int(any(grade.status is Status.GRADER_ERROR for each in graded for grade in each.grades))


def _find(folder: Path, wanted: str) -> str:
    """Return the name of the exercise that is meant by "3", "ex3", "ex03" or its whole name."""
    names = [name for name, _ in exercises_in(folder)]
    number = re.fullmatch(r"(?:ex)?0*(\d+)", wanted)
    start = f"ex{int(number[1]):02}_" if number else wanted.removesuffix(".ipynb")
    found = [name for name in names if name.startswith(start)]
    if len(found) != 1:
        raise ValueError(f"there is no exercise {wanted!r}, only {', '.join(names)}")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
