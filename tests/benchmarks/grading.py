"""From the shell prompt to the verdict on one exercise, and the notebook's `check()`."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from pipeline_kit.grading.checks import load
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.verdicts import grade

ROOT = Path(__file__).parents[2]
CHECKS = ROOT / "exercises/test_ex01_basic_pipeline.py"
SOLUTION = ROOT / "solutions/ex01_basic_pipeline.ipynb"
RUNS = 5


def seconds(action: Callable[[], object]) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began


def pytest_on_one_exercise() -> None:
    command = (sys.executable, "-m", "pytest", str(CHECKS), "--answers", "solutions")
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def check() -> None:
    """Do what `check()` does once it has found the answer among the cells of the notebook."""
    exercise, _ = load(CHECKS)
    source, missing = answer_in_notebook(SOLUTION, exercise.function)
    report = grade(CHECKS, source, seed=1, missing=missing)
    assert report.points == report.most_points


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    for what, action, target in (
        ("pytest on one exercise, from shell to verdict", pytest_on_one_exercise, "under 3 s"),
        ("check() in a notebook", check, "under 1 s"),
    ):
        took = median(seconds(action) for _ in range(RUNS))
        yield what, f"{took:.2f} s", target
