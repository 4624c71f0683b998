"""Runs a check on parameters that hypothesis draws, and finds the simplest run in which it fails.

The first parameters are the simplest there are: the fewest items, a beat of one second. If the
check holds for those, others are drawn from a seed; should it fail for them, hypothesis looks for
simpler ones for which it fails too.

A grade has other needs than a test. It must be the same for the same answer and seed, whatever was
graded before: so nothing is kept from one search to the next, and it is ended by a number of runs,
never by a clock. And it must come within a second: so a check that holds is run twice, not a
hundred times, which is enough because it builds the worlds in which its claim can fail, whatever
the numbers.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Flaky
from hypothesis.strategies import DataObject, data, integers

from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.status import Status, Unmet

# Hypothesis notes in a folder what numbers stand in code: not in that of the student's notebooks.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(gettempdir(), "pipeline-workbook")))

_MOST_RUNS = 24
"""How often a check may be run until a failure counts as the simplest."""
_FAR = 10**9 + 7
"""Hypothesis prefers numbers that stand in code which has been imported, so what a seed gives would
depend on what else was imported. Up here there are no such numbers."""
_SETTINGS = settings(
    max_examples=2,
    phases=[Phase.generate, Phase.shrink],
    database=None,
    deadline=None,
    derandomize=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def simplest_failure(check: Callable[[Draw], Unmet | None], seed: str) -> Unmet | None:
    """Return how `check` fails, in the simplest run that is found; None if it holds.

    Args:
        check: runs a check once, and returns what did not hold.
        seed: what the parameters are drawn from; the same seed gives the same ones.

    Raises:
        RuntimeError: the check was not run at all.
    """
    search = _Search(check)
    with suppress(_FailedError, _SearchOver):
        try:
            seeded(seed)(_SETTINGS(given(data())(search.run)))()
        except Flaky:
            if not search.failure:
                raise
            # A search that is over before hypothesis is done may look flaky to it.
    if not search.runs:
        raise RuntimeError("hypothesis has ended a search before the first run")
    return search.failure


class _FailedError(Exception):
    """Tells hypothesis that a run has failed; always the same, so that it sees one failure only."""


class _SearchOver(BaseException):
    """Leaves hypothesis at once, as an interrupt from the keyboard does."""


class _Search:
    """The runs of one check, and what has come of them."""

    def __init__(self, check: Callable[[Draw], Unmet | None]) -> None:
        self.failure: Unmet | None = None
        """The simplest failure so far. Hypothesis knows it too, but would run it again to tell."""
        self.runs = 0
        """How often the check was run to its end."""
        self._check = check

    def run(self, drawn: DataObject) -> None:
        """Run the check once, and tell hypothesis what came of it."""
        failure = self._check(Draw(lambda stop: drawn.draw(integers(_FAR, _FAR + stop - 1)) - _FAR))
        self.runs += 1  # not before: hypothesis may break off a run when it draws
        if failure and (self.failure is None or _is_simpler(failure, self.failure)):
            self.failure = failure
        if self.runs >= _MOST_RUNS or (failure and self._is_final(failure)):
            raise _SearchOver
        if failure:
            raise _FailedError

    def _is_final(self, failure: Unmet) -> bool:
        """Whether to try no more: there is nothing simpler, or a run had to be stopped."""
        return self.runs == 1 or failure.status is not Status.FAILED


def _is_simpler(failure: Unmet, other: Unmet) -> bool:
    """Whether less happens in a run than in the other; hypothesis tries simpler numbers later."""
    return failure.status is Status.FAILED and _length(failure) <= _length(other)


def _length(failure: Unmet) -> int:
    return len(failure.trace.events) if failure.trace else 0
