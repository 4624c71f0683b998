"""Checks with points and hints, and the exercise that they add up to.

The checks of an exercise stand in its test file, one function each, so that pytest finds them. A
check builds a world, runs the answer in it, and asserts on what the world has seen:

    @check(points=3.5, hint="Give each stage a task of its own …")
    def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
        \"\"\"All three stages work at the same time.\"\"\"
        beat, items = draw.beat(), draw.items()
        run = answer.run(World(items=items, work=dict.fromkeys(STAGES, beat)))
        results_come_out_at(run, [(n + 3) * beat for n in range(len(items))], "…")

What does not hold is said by the functions of `claims/`, or by `raise Unmet("what happened")`. Any
other exception, a plain `assert` too, is a slip of the check: a grader error, and no grade.

An instructor may keep further checks from the students: in `test_ex03_fan_out_fan_in_hidden.py`,
beside the file that the students have too. It holds functions like these, and no `EXERCISE`; they
are judged after the others, and `needs` may name those. For the students to know that there are
some, their copy says so, by `EXERCISE = Exercise(…, hidden_points=4)`.
"""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.world import World

HIDDEN = "_hidden"
"""How the name of a file with hidden checks ends."""
CheckFunction = Callable[[Answer, Draw], None]


@dataclass(frozen=True)
class Check:
    """One claim about an answer, what it is worth, and what may help if it does not hold."""

    name: str
    """Name of its function."""
    claim: str
    """The claim in a sentence, from the function's docstring."""
    points: float
    hint: str
    function: CheckFunction
    needs: tuple[str, ...] = ()
    """Names of the checks that must hold before this one means anything."""

    @property
    def hidden(self) -> bool:
        """Whether only the instructor has it, in a file `test_exNN_…_hidden.py`."""
        return self.function.__module__.endswith(HIDDEN)


@dataclass(frozen=True)
class Exercise:
    """An exercise, as its test file declares it."""

    number: int
    title: str
    function: str
    """Name of the function that the answer defines."""
    demo: World
    """The world of the run that is drawn in the notebook."""
    hints: tuple[str, ...] = ()
    """Three, each saying more than the one before, none the answer; code between backquotes."""
    extension: str = ""
    """What there is to try for those who have all points; it gives none."""
    hidden_points: float = 0.0
    """Points of the checks that only the instructor has, so that students know there are some."""


def check(
    *, points: float, hint: str, needs: tuple[str, ...] = ()
) -> Callable[[CheckFunction], CheckFunction]:
    """Make a function a check.

    Args:
        points: what it is worth.
        hint: what to think about if it does not hold; should not give the answer away.
        needs: names of checks without which this one means nothing, so that it is not judged.
    """

    def declare(function: CheckFunction) -> CheckFunction:
        if not function.__doc__:
            raise ValueError(f"{function.__name__} needs a docstring: the claim in a sentence")
        claim = function.__doc__.splitlines()[0]
        declared = Check(function.__name__, claim, points, hint, function, needs)
        function.check = declared  # type: ignore[attr-defined] # found again by check_of
        return function

    return declare


def check_of(function: object) -> Check | None:
    """Return the check that `function` was made, None if it was not."""
    found = getattr(function, "check", None)
    return found if isinstance(found, Check) else None


def load(path: Path) -> tuple[Exercise, list[Check]]:
    """Return the exercise that the test file at `path` declares, and its checks in order.

    Raises:
        FileNotFoundError: there is no such file.
    """
    module = _run(path)
    return exercise_of(module), list(checks_of(module))


def load_hidden(path: Path) -> list[Check]:
    """Return the hidden checks that belong to the test file at `path`, if there are any."""
    hidden = path.with_name(f"{path.stem}{HIDDEN}.py")
    return list(checks_of(_run(hidden))) if hidden.exists() else []


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exercise_of(module: ModuleType) -> Exercise:
    """Return the exercise that a test file declares as `EXERCISE`."""
    exercise: Exercise = module.EXERCISE
    return exercise


def checks_of(module: ModuleType) -> Iterable[Check]:
    """Yield the checks of a test file, from top to bottom."""
    for value in vars(module).values():
        if found := check_of(value):
            yield found
