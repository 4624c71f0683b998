"""Watch: checks an exercise again whenever its notebook is saved with another answer."""

import random
from collections.abc import Iterator
from pathlib import Path
from time import sleep

from pipeline_kit.grading.checks import load
from pipeline_kit.grading.display.report import as_text
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.progress import keep
from pipeline_kit.grading.scoreboard import scoreboard
from pipeline_kit.grading.verdicts import Report, grade

_PAUSE = 0.3
"""Seconds from one look to the next."""


def check_notebook(folder: Path, exercise: str, seed: int | None = None) -> tuple[Report, str]:
    """Judge the answer in a saved notebook, and keep the verdict as progress.

    Args:
        folder: the folder of the exercises.
        exercise: name of the notebook without `.ipynb`.
        seed: what all parameters are drawn from; by default fresh ones each time.

    Returns:
        The verdict, and what to tell if the progress could not be kept, else "".
    """
    checks = folder / f"test_{exercise}.py"
    source, missing = answer_in_notebook(folder / f"{exercise}.ipynb", load(checks)[0].function)
    seed = random.randrange(10_000) if seed is None else seed
    report = grade(checks, source, seed, missing=missing)
    return report, keep(folder, exercise, report)


class Watcher:
    """Notices which answers have changed since it looked last; the first look is at construction.

    Args:
        folder: the folder of the exercises.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._functions = {name: load(path)[0].function for name, path in exercises_in(folder)}
        self._saved: dict[str, int] = {}
        self._answers: dict[str, str] = {}
        list(self.changed())

    def changed(self) -> Iterator[str]:
        """Yield the name of each exercise whose notebook was saved with another answer."""
        for name, function in self._functions.items():
            path = self._folder / f"{name}.ipynb"
            saved = path.stat().st_mtime_ns if path.exists() else 0
            if saved == self._saved.get(name):
                continue
            self._saved[name] = saved
            answer, _ = answer_in_notebook(path, function)
            # Nothing at all may just be a file that is being written.
            if answer and answer != self._answers.get(name):
                self._answers[name] = answer
                yield name


def watch(folder: Path) -> None:
    """Check what is saved in `folder` and print the verdict, until interrupted."""
    watcher = Watcher(folder)
    while True:
        for name in watcher.changed():
            report, not_kept = check_notebook(folder, name)
            print(f"\n{as_text(report)}\n{not_kept}", flush=True)
            print(scoreboard(folder).next_step, flush=True)
        sleep(_PAUSE)
