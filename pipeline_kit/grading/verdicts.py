"""Judging: runs the checks of an exercise on an answer, and keeps what came of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Check, Exercise, load
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.trace import Trace


@dataclass(frozen=True)
class Verdict:
    """What came of one check."""

    check: Check
    status: Status
    message: str = ""
    """What happened instead of what was claimed; "" if the claim holds."""
    waits: bool = False
    """Whether the check was not judged, because one that it needs does not hold."""
    trace: Trace | None = None
    """The run in which the claim was seen not to hold, if there was one."""
    at: float = 0.0
    """When it was, in virtual seconds."""

    @property
    def points(self) -> float:
        """The points earned: all or none."""
        return self.check.points if self.status is Status.PASSED else 0.0


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
            verdict = judge(check, answer, self.seed)
        self.verdicts.append(verdict)
        return verdict


def grade(test_file: Path, source: str, seed: int, *, missing: str = "") -> Report:
    """Run all checks of an exercise on an answer.

    Args:
        test_file: the file with the checks.
        source: the answer's code.
        seed: what all parameters are drawn from.
        missing: what to say if there is no code.
    """
    exercise, checks = load(test_file)
    return grade_by(exercise, checks, source, seed, missing=missing)


def grade_by(
    exercise: Exercise, checks: Iterable[Check], source: str, seed: int, *, missing: str = ""
) -> Report:
    """Do the same with checks that are loaded already, such as the hidden ones as well."""
    report = Report(exercise, seed)
    with Answer(source, exercise.function, missing=missing) as answer:
        for each in checks:
            report.judge(each, answer)
    return report


def judge(check: Check, answer: Answer, seed: int) -> Verdict:
    """Run one check with parameters drawn from `seed`, and say what came of it.

    Whatever goes wrong that is not the answer's doing is a grader error.
    """
    # Not before it is needed: hypothesis takes a tenth of a second to import.
    from pipeline_kit.grading.search import simplest_failure

    try:
        unmet = simplest_failure(lambda draw: _attempt(check, answer, draw), f"{seed} {check.name}")
    except Exception as error:
        unmet = _grader_error(error)
    if unmet is None:
        return Verdict(check, Status.PASSED)
    if unmet.trace is None or not unmet.trace.events:
        return Verdict(check, unmet.status, unmet.message)
    at = unmet.trace.makespan if unmet.at is None else unmet.at
    return Verdict(check, unmet.status, unmet.message, trace=unmet.trace, at=at)


def _attempt(check: Check, answer: Answer, draw: Draw) -> Unmet | None:
    """Run one check once, and return what does not hold."""
    answer.latest = None
    try:
        check.function(answer, draw)
    except Unmet as unmet:
        return answer.with_its_run(unmet)
    except Exception as error:
        return _grader_error(error)
    return None


def _grader_error(error: Exception) -> Unmet:
    last = extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}"
    text = f"{type(error).__name__} in {place}: {error}"
    message = f"the grader itself failed ({text}); this is not your fault, please report it"
    return Unmet(message, Status.GRADER_ERROR)
