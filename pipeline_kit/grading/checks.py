"""Checks with points and hints, and the exercise that they add up to.

The checks of an exercise stand in its test file, one function each, so that pytest finds them. A
check builds a world, runs the answer in it, and asserts on what the world has seen:

    @check(points=3.5, hint="Give each stage a task of its own …")
    def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
        \"\"\"All three stages work at the same time.\"\"\"
        beat, items = draw.beat(), draw.items()
        run = answer.run(World(items=items, work=dict.fromkeys(STAGES, beat)))
        results_come_out_at(run, [(n + 3) * beat for n in range(len(items))], "…")
"""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.world import World

CheckFunction = Callable[[Answer, Draw], None]
FOLDER_VARIABLE = "PIPELINE_WORKBOOK_EXERCISES"
"""Environment variable that names the folder with the checks, when notebooks are elsewhere."""


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


@dataclass(frozen=True)
class Verdict:
    """What came of one check."""

    check: Check
    status: Status
    message: str = ""
    """What happened instead of what was claimed; "" if the claim holds."""
    waits: bool = False
    """Whether the check was not judged, because one that it needs does not hold."""

    @property
    def points(self) -> float:
        """The points earned: all or none."""
        return self.check.points if self.status is Status.PASSED else 0.0


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


@dataclass
class Report:
    """The verdicts on one answer."""

    exercise: Exercise
    seed: int
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def most_points(self) -> float:
        """Points there are to earn."""
        return sum(verdict.check.points for verdict in self.verdicts)

    @property
    def status(self) -> Status:
        """The worst status among the checks."""
        statuses = {v.status for v in self.verdicts}
        if statuses == {Status.PASSED, Status.NOT_ATTEMPTED}:
            return Status.FAILED
        return max(statuses, key=lambda s: s.severity, default=Status.NOT_ATTEMPTED)

    def judge(self, check: Check, answer: Answer) -> Verdict:
        """Run one check on `answer`, and add its verdict."""
        needed = [v for v in self.verdicts if v.check.name in check.needs and v.points == 0]
        if needed and needed[0].status is Status.NOT_ATTEMPTED:
            verdict = Verdict(check, Status.NOT_ATTEMPTED, needed[0].message)
        elif needed:
            message = f"not judged before this holds: {needed[0].check.claim}"
            verdict = Verdict(check, Status.FAILED, message, waits=True)
        else:
            verdict = judge(check, answer, Draw(self.seed, check.name))
        self.verdicts.append(verdict)
        return verdict


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


def judge(check: Check, answer: Answer, draw: Draw) -> Verdict:
    """Run one check. Whatever goes wrong that is not the answer's doing is a grader error."""
    try:
        check.function(answer, draw)
    except Unmet as unmet:
        return Verdict(check, unmet.status, unmet.message)
    except Exception as error:
        last = extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        text = f"{type(error).__name__} in {place}: {error}"
        message = f"the grader itself failed ({text}); this is not your fault, please report it"
        return Verdict(check, Status.GRADER_ERROR, message)
    return Verdict(check, Status.PASSED)


def load(path: Path) -> tuple[Exercise, list[Check]]:
    """Return the exercise that the test file at `path` declares, and its checks in order.

    Raises:
        FileNotFoundError: there is no such file.
    """
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return exercise_of(module), list(checks_of(module))


def exercise_of(module: ModuleType) -> Exercise:
    """Return the exercise that a test file declares as `EXERCISE`."""
    exercise: Exercise = module.EXERCISE
    return exercise


def checks_of(module: ModuleType) -> Iterable[Check]:
    """Yield the checks of a test file, from top to bottom."""
    for value in vars(module).values():
        if found := check_of(value):
            yield found


def grade(test_file: Path, source: str, seed: int, *, missing: str = "") -> Report:
    """Run all checks of an exercise on an answer.

    Args:
        test_file: the file with the checks.
        source: the answer's code.
        seed: what all parameters are drawn from.
        missing: what to say if there is no code.
    """
    exercise, checks = load(test_file)
    report = Report(exercise, seed)
    with Answer(source, exercise.function, missing=missing) as answer:
        for each in checks:
            report.judge(each, answer)
    return report
