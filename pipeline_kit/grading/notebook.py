"""What a student calls in an exercise's notebook.

    from pipeline_kit.grading.notebook import open_exercise
    show, check, hint = open_exercise("ex01_basic_pipeline")

    show()     draws what the answer does
    check()    judges it
    hint()     unfolds hints, one by one

The answer is taken from the last cell run in this kernel that defines the wanted function, so
nothing needs to be saved.
"""

import random
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from pprint import pformat

from IPython.core.getipython import get_ipython
from IPython.display import display

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import load
from pipeline_kit.grading.display.hints import Hints
from pipeline_kit.grading.display.shown import Score, Shown
from pipeline_kit.grading.explain import problem_with
from pipeline_kit.grading.folder import exercises_folder
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.notebook_file import newest_definition
from pipeline_kit.grading.progress import keep
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.verdicts import Report, grade
from pipeline_kit.grading.worlds.world import World


def open_exercise(
    name: str,
) -> tuple[Callable[..., None], Callable[..., Score], Callable[..., Hints | None]]:
    """Return `show`, `check` and `hint` for an exercise.

    Args:
        name: the name of its notebook without `.ipynb`, such as `"ex01_basic_pipeline"`.

    Raises:
        FileNotFoundError: its checks are not in this folder, nor in `exercises` here or beside it.
    """
    folder = exercises_folder(name)
    test_file = folder / f"test_{name}.py"
    exercise, _ = load(test_file)
    missing = f"run the cell that defines {exercise.function} first (Shift+Enter)"

    def show(**arguments: int) -> None:
        """Run your answer in a small world, and draw what happened there.

        Args:
            arguments: what to pass to your function instead of what is usual in this world, such
                as `buffer_size=0`.
        """
        world = replace(exercise.demo, arguments={**exercise.demo.arguments, **arguments})
        with Answer(_answer(exercise.function), exercise.function, missing=missing) as answer:
            _draw(answer, world)

    def check(seed: int | None = None) -> Score:
        """Judge your answer, show what holds and what does not, and return the points.

        Args:
            seed: what all parameters are drawn from; by default fresh ones each time.
        """
        seed = random.randrange(10_000) if seed is None else seed
        report = grade(test_file, _answer(exercise.function), seed, missing=missing)
        display(Shown(report, _keep(report, folder, name)))  # type: ignore[no-untyped-call] # IPython has few types
        return Score(report)

    def hint(number: int | None = None) -> Hints | None:
        """Return the hints, folded; or print one of them.

        Args:
            number: which one to print, from 1, where they cannot be unfolded.

        Raises:
            ValueError: there is no such hint.
        """
        hints = Hints(exercise.hints)
        if number is None:
            return hints
        print(hints.one(number))
        return None

    return show, check, hint


def _keep(report: Report, folder: Path, name: str) -> str:
    """Add to the student's progress, unless it is a notebook from elsewhere; say if that fails."""
    elsewhere = Path(f"{name}.ipynb").exists() and not folder.samefile(".")
    return "" if elsewhere else keep(folder, name, report)


def _answer(function: str) -> str:
    shell = get_ipython()
    cells = shell.history_manager.input_hist_raw if shell and shell.history_manager else []
    return newest_definition(cells, function)


def _draw(answer: Answer, world: World) -> None:
    """Draw a run of `answer`, also one that failed, and say what came of it."""
    try:
        run = answer.try_run(world)
    except Unmet as unmet:
        print(_sentence(unmet))
        return
    problem = problem_with(run)
    if problem and problem.status is Status.NOT_ATTEMPTED:
        print("There is nothing to draw yet: your answer still raises NotImplementedError.")
        return
    if run.trace.events:
        # Imported here because the pictures take half a second to import.
        from pipeline_kit.live.replay import replay

        display(replay(run.trace))  # type: ignore[no-untyped-call] # IPython has few types
    if run.ended.printed:
        print(f"Your code printed:\n{textwrap.indent(run.ended.printed, '    ')}")
    if run.play.told:
        print(f"Your code called {_calls(run)}.")
    if run.ended.returned is not None:
        print(f"Your function returned:\n{textwrap.indent(pformat(run.ended.returned), '    ')}")
    if problem:
        print(_sentence(problem))


def _calls(run: GradedRun) -> str:
    """Return what the answer has told by signals, in words; True is told as 1, False as 0."""
    calls = [f"{each.signal}({each.value}) at {each.time:g} s" for each in run.play.told]
    more = [] if len(calls) <= 20 else [f"and so on, {len(calls)} times in all"]
    return ", ".join([*calls[:20], *more])


def _sentence(unmet: Unmet) -> str:
    return f"{unmet.message[:1].upper()}{unmet.message[1:]}."
