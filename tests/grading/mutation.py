"""How good are the checks? Grade mutants of each reference answer, and print who survives.

    python tests/grading/mutation.py              all exercises, some minutes
    python tests/grading/mutation.py ex01 ex02    only these

A mutant that passes all checks is a survivor. Some must: their mistake changes nothing that anyone
could see. Those are listed in `EQUIVALENT` with the reason, and do not count.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

from equivalent import EQUIVALENT
from graded import ROOT, answers, grade_source
from mutants import Mutant, mutants

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import load
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import judge

SEED = 1
WIDTHS = (24, 7, 14, 11, 16, 8)


def survives(checks_file: Path, mutant: Mutant) -> bool:
    """Tell whether a mutant passes all checks; stops at the first that it does not pass."""
    exercise, checks = load(checks_file)
    with Answer(mutant.source, exercise.function) as answer:
        return all(judge(check, answer, SEED).status is Status.PASSED for check in checks)


def survivors(name: str, checks_file: Path) -> tuple[list[Mutant], int]:
    """Return the mutants of a reference answer that pass, and how many there are of any kind.

    Those that are listed as equivalent and do pass are left out of both.
    """
    exercise, _ = load(checks_file)
    source, _ = answer_in_notebook(ROOT / "solutions" / f"{name}.ipynb", exercise.function)
    all_mutants = list(mutants(source))
    with ThreadPoolExecutor(2) as pool:
        verdicts = list(pool.map(lambda mutant: survives(checks_file, mutant), all_mutants))
    passed = [m for m, alive in zip(all_mutants, verdicts, strict=True) if alive]
    unexplained = [m for m in passed if m.change not in EQUIVALENT.get(name, {})]
    return unexplained, len(all_mutants) - len(passed) + len(unexplained)


def seconds_to_check(name: str, source: str) -> float:
    """Return what `check()` takes on the reference, the median of five."""
    times = []
    for _ in range(5):
        began = perf_counter()
        grade_source(name, source)
        times.append(perf_counter() - began)
    return median(times)


def rows(wanted: list[str]) -> Iterator[tuple[tuple[str, ...], list[Mutant]]]:
    """Yield a row of the table, and the survivors, for each exercise that has a solution."""
    for name, checks_file in exercises_in(ROOT / "exercises"):
        solution = ROOT / "solutions" / f"{name}.ipynb"
        if not solution.exists() or (wanted and name[:4] not in wanted):
            continue
        exercise, checks = load(checks_file)
        source, _ = answer_in_notebook(solution, exercise.function)
        wrong = sum(path.parts[-3] == name for path in answers("wrong"))
        right = sum(path.parts[-3] == name for path in answers("right"))
        alive, total = survivors(name, checks_file)
        caught = f"{total - len(alive)} of {total} ({1 - len(alive) / total:.0%})"
        took = f"{seconds_to_check(name, source):.2f}"
        yield (name, str(len(checks)), str(wrong), str(right), caught, took), alive


def main() -> None:
    """Print the table, and beneath each row the survivors."""
    print(line("exercise", "checks", "wrong answers", "ways right", "mutants caught", "seconds"))
    for row, alive in rows(sys.argv[1:]):
        print(line(*row), flush=True)
        for mutant in alive:
            print(f"    survives: {mutant.change}", flush=True)


def line(*cells: str) -> str:
    """Return one line of the table."""
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


if __name__ == "__main__":
    main()
