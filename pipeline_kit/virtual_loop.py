"""The event loop of virtual time: where others sleep until the next timer, it sets its clock there.

It asks no selector for what has come from outside, unless an executor is at work, for which it
waits in real time. When nothing is ready and no timer is set, every task waits for another one:
that is a deadlock, and raised as one.
"""

import asyncio
import contextvars
import selectors
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import count
from math import inf, ulp
from time import monotonic
from typing import Any, TypeVar, TypeVarTuple, Unpack
from weakref import WeakSet

from pipeline_kit.deadlock import DeadlockError, describe_waiting_tasks

T = TypeVar("T")
Args = TypeVarTuple("Args")
Ready = list[tuple[selectors.SelectorKey, int]]
Poll = Callable[[float | None], Ready]

_CIRCLES = 1000
"""So many timers of less than a nanosecond, set at one moment, are too many to be by chance."""


class StalledError(BaseException):
    """Raised when the virtual clock has stood still for too long in real time.

    Some task computes without end. Not an `Exception`, so that an `except Exception` in that
    endless computation does not catch it.
    """


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer instead of sleeping until then.

    `loop.time()` is in seconds from 0. Timers are kept to the nanosecond, so that ten steps of
    0.1 s end at 1.0 exactly.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._in_executors = 0
        self._waits_for_executors = False
        self._moved_at = monotonic()
        self._too_short = 0
        self._too_short_at = 0.0
        self._given_up = False
        self._watchdogs = WeakSet[asyncio.TimerHandle]()
        self._threads: ThreadPoolExecutor | None = None
        self._task_numbers = count(1)
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual time, in seconds since the loop was made."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule `callback` for the virtual time `when`, in seconds; `inf` never comes."""
        at = round(when, 9)
        if at <= self._now < when and self._goes_in_circles():
            at = round(self._now + max(1e-9, ulp(self._now)), 9)
        timer = super().call_at(at, callback, *args, context=context)
        if when == inf:
            self.add_watchdog(timer)  # or the clock would jump there, and stay for ever
        return timer

    def _goes_in_circles(self) -> bool:
        """Tell whether the clock has to move on by a nanosecond, or stand still for ever.

        `while time() < end: await sleep(end - time())` asks again and again for less than the clock
        can show, if `end` is 0.1 + 0.2 or 1/3. To ask for so little a few times is no harm.
        """
        if self._now != self._too_short_at:
            self._too_short_at, self._too_short = self._now, 0
        self._too_short += 1
        return self._too_short > _CIRCLES

    def create_task(self, coro: Any, *, name: Any = None, **options: Any) -> asyncio.Task[Any]:
        """Make a task. Those without a name are numbered in each run anew, so reports are alike."""
        name = name or f"Task-{next(self._task_numbers)}"
        return super().create_task(coro, name=name, **options)

    def add_watchdog(self, timer: asyncio.TimerHandle) -> None:
        """Take `timer` for one that ends what takes too long, and for nothing to wait for.

        With no timers but such ones left every task waits for another one, so that is a deadlock,
        and reported at once.
        """
        self._watchdogs.add(timer)

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Args]], T],
        *args: *Args,
    ) -> asyncio.Future[T]:
        """Run `func` in `executor`; until it is done, the virtual clock stands still."""
        if executor is None:
            executor = self._threads = self._threads or ThreadPoolExecutor()
        future = super().run_in_executor(executor, func, *args)
        self._in_executors += 1
        future.add_done_callback(self._executor_is_done)
        return future

    def close(self) -> None:
        """Close the loop, after the threads it started have ended."""
        if self._threads:
            self._threads.shutdown(cancel_futures=True)
        super().close()

    def stood_still_for(self) -> float:
        """Return for how many seconds of real time the clock has not moved without good reason."""
        return 0.0 if self._waits_for_executors else monotonic() - self._moved_at

    def give_up(self) -> None:
        """Make the run end with a `StalledError` as soon as the loop has control again."""
        self._given_up = True
        self.set_exception_handler(lambda loop, context: None)  # the StalledError says it all

    def _executor_is_done(self, _: asyncio.Future[Any]) -> None:
        self._in_executors -= 1

    def _next_event(self, timeout: float | None, poll: Poll) -> Ready:
        """Do what a selector does, except that waiting for a timer takes no time."""
        if self._given_up:
            self._given_up = False  # once is enough; the clean-up that follows may use the loop
            raise StalledError
        if self._in_executors:
            self._waits_for_executors = timeout != 0
            ready = poll(timeout and None)  # None: wait for an executor, however long it takes
            self._waits_for_executors = False
            self._moved_at = monotonic()
            return ready
        if timeout is None or (timeout > 0 and self._has_only_watchdogs()):
            waiting = describe_waiting_tasks(self)
            raise DeadlockError(f"at {self._now} s every task waits for another one:\n{waiting}")
        if timeout > 0:
            # The heap of timers is private to asyncio, but the same in all versions; its first
            # timer is not cancelled, or asyncio would have removed it before asking.
            self._now = self._scheduled[0].when()  # type: ignore[attr-defined] # as said above
            self._clock_resolution = ulp(self._now)  # only what is due exactly now is due
            self._moved_at = monotonic()
        return []

    def _has_only_watchdogs(self) -> bool:
        timers = self._scheduled  # type: ignore[attr-defined] # as said above
        return timers[0] in self._watchdogs and all(
            timer in self._watchdogs or timer.cancelled() for timer in timers
        )


class _JumpingSelector(selectors.DefaultSelector):
    """Asks its loop what to do where a real selector would sleep."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Ready:
        return self._loop._next_event(timeout, super().select)
