"""From the shell prompt to the verdict on one exercise."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

ROOT = Path(__file__).parents[2]
RUNS = 5


def seconds(*command: str) -> float:
    began = perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    checks = "exercises/test_ex01_basic_pipeline.py"
    command = (sys.executable, "-m", "pytest", checks, "--answers", "solutions")
    took = median(seconds(*command) for _ in range(RUNS))
    yield "pytest on one exercise, from shell to verdict", f"{took:.2f} s", "under 3 s"
