"""Retry: a call that failed is tried again, a few times, with a growing pause in between.

Much of what fails in a network works a moment later. But retries are not free: to a server that is
failing because of its load, they are more load.

    attempt 1 ✕ ··── wait ──·· attempt 2 ✕ ··────── wait ──────·· attempt 3 ✓

    Stage(fetch, layers=[Retry(attempts=3), Timeout(2)])

The pauses are exponential backoff with jitter: the n-th is drawn at random from 0 to
`wait_initial`·2ⁿ⁻¹, at most `wait_max`. Without the chance in it, all calls that failed at the same
moment would come back at the same moment ("full jitter" of M. Brooker, "Exponential backoff and
jitter", 2015).

Retries multiply: five nested layers of three attempts each make 3⁵ = 243 calls of one. So retry in
one layer only, the one that knows best whether it can help, and give it a `RetryBudget`.

Not for a call that may have succeeded although it failed, unless doing it twice does no harm.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pipeline_kit.callbacks import check_plain
from pipeline_kit.layer import Function, invoke
from pipeline_kit.marks import mark
from pipeline_kit.patterns.exception_types import ExceptionTypes, as_exceptions
from pipeline_kit.patterns.retry_budget import RetryBudget
from pipeline_kit.whole_numbers import check_whole

# Calls that the current task has made under a `Retry`. By it a layer learns how many calls one of
# its attempts came to if there is another `Retry` inside (unless in a task of its own).
_calls: ContextVar[int] = ContextVar("calls", default=0)


@dataclass(frozen=True, slots=True)
class RetryStatistics:
    """What has become of the calls that failed at first."""

    retries: int
    """Attempts after the first ones."""
    recovered: int
    """Calls that succeeded in the end, after one retry or more."""
    given_up: int
    """Calls that failed in all their attempts, or with an error that is not retried."""
    over_budget: int
    """Those of them that had attempts left, but not the budget."""


class Retry:
    """A layer that tries a call again if it fails.

    The error that is raised in the end is that of the last attempt. It says in its attribute
    `attempts` how often the function was called, and in its notes how earlier attempts failed.

    Args:
        attempts: how often to try, the first time included.
        wait_initial: seconds of the longest first pause; each pause may be twice as long as the
            one before.
        wait_max: seconds of the longest pause of all.
        wait_jitter: how much of a pause is left to chance, from 0 for nothing to 1 for all of it.
        budget: limits the retries of all calls together; may be shared by several layers.
        on: the exceptions that are worth a retry, or a function that tells of one whether it is.
        seed: makes the pauses the same in every run; None for others each time.

    Raises:
        TypeError: `on` is neither exceptions nor a plain function, or `budget` is no `RetryBudget`.
        ValueError: `attempts` is below 1, a wait below 0, or `wait_jitter` not between 0 and 1.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        wait_initial: float = 0.1,
        wait_max: float = 10.0,
        wait_jitter: float = 1.0,
        budget: RetryBudget | None = None,
        on: ExceptionTypes | Callable[[Exception], bool] = Exception,
        seed: int | None = None,
    ) -> None:
        remedy = "the first time counts as well, so 1 is no retry"
        check_whole("attempts", attempts, remedy=remedy)
        for name, wait in (("wait_initial", wait_initial), ("wait_max", wait_max)):
            if not wait >= 0:
                raise ValueError(f"{name} must be 0 seconds or more, got {wait!r}")
        if not 0 <= wait_jitter <= 1:
            raise ValueError(f"wait_jitter must be a share from 0 to 1, got {wait_jitter!r}")
        if not isinstance(budget, RetryBudget | None):
            raise TypeError(f"budget must be a RetryBudget, such as RetryBudget(), got {budget!r}")
        self.attempts = attempts
        self.wait_initial = wait_initial
        self.wait_max = wait_max
        self.wait_jitter = wait_jitter
        self.budget = budget
        self._is_worth_it = _predicate(on)
        self._random = random.Random(seed)
        self._retries = self._recovered = self._given_up = self._over_budget = 0

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item`, and again if it fails.

        Raises the error of the last attempt. Cancellations and other `BaseException`s pass
        through, also during a pause.
        """
        if self.budget is not None:
            self.budget.note_call()
        calls_before, attempt = _calls.get(), 1
        history: list[str] = []
        while True:
            try:
                result = await _counted(function, item)
            except Exception as error:
                if not self._may_retry(error, attempt):
                    self._given_up += 1
                    _annotate(error, _calls.get() - calls_before, history)
                    raise
                history.append(f"attempt {attempt} failed with {_describe(error)}")
            else:
                self._recovered += attempt > 1
                return result
            await asyncio.sleep(self._pause(attempt))
            self._retries += 1
            mark("retry")
            attempt += 1

    def statistics(self) -> RetryStatistics:
        """Return the totals so far."""
        return RetryStatistics(self._retries, self._recovered, self._given_up, self._over_budget)

    def _may_retry(self, error: Exception, attempt: int) -> bool:
        if attempt == self.attempts or not self._is_worth_it(error):
            return False
        if self.budget is not None and not self.budget.try_spend():
            self._over_budget += 1
            return False
        return True

    def _pause(self, attempt: int) -> float:
        doublings = min(attempt - 1, 60)  # 2⁶⁰ of any unit is for ever, and more might overflow
        longest = min(self.wait_max, self.wait_initial * 2.0**doublings)
        return longest * (1 - self.wait_jitter * self._random.random())


def _predicate(on: ExceptionTypes | Callable[[Exception], bool]) -> Callable[[Exception], bool]:
    if callable(on) and not isinstance(on, type):
        check_plain("on", on, takes="an exception", remedy="it must decide at once")
        return on
    kinds = as_exceptions("on", on)
    return lambda error: isinstance(error, kinds)


async def _counted(function: Function, item: Any) -> Any:
    """Call `function`, and count that unless a `Retry` inside does, which knows better."""
    before = _calls.get()
    try:
        return await invoke(function, item)
    finally:
        if _calls.get() == before:
            _calls.set(before + 1)


def _describe(error: Exception) -> str:
    """Say in a line what failed and where, without holding on to the frames of a traceback."""
    place, traceback = "", error.__traceback__
    while traceback:
        code = traceback.tb_frame.f_code
        place = f" ({code.co_filename}:{traceback.tb_lineno}, in {code.co_name})"
        traceback = traceback.tb_next
    return f"{type(error).__name__}: {error!s:.200}{place}"


def _annotate(error: Exception, attempts: int, history: list[str]) -> None:
    with suppress(AttributeError):  # some exceptions are frozen
        error.attempts = attempts  # type: ignore[attr-defined] # read by StageError.attempts
        for note in history:
            if note not in getattr(error, "__notes__", ()):  # one object may be raised many times
                error.add_note(note)
