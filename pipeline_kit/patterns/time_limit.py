"""What `Timeout` and `ItemDeadline` have in common: at a certain time a call is cancelled.

By default an alarm clock cancels the task in which the call goes on, which is how `asyncio.timeout`
works too. It then waits for the end of the clean-up. With a bound on the clean-up (`grace`) the
call gets a task of its own, because a task can be left behind.
"""

import asyncio
import concurrent.futures
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from dataclasses import dataclass
from inspect import isawaitable
from math import inf
from types import CoroutineType
from typing import Any

from pipeline_kit.executor import still_running
from pipeline_kit.layer import Function
from pipeline_kit.patterns.alarm import AlarmClock


class CallTimeoutError(TimeoutError):
    """A call was cancelled because it reached its time limit.

    Its cause is the exception with which the call ended, if it has: as a rule the `CancelledError`,
    whose traceback shows what the function was waiting for; else what its clean-up failed with.
    """

    def __init__(self, limit: str, *, still_running: bool = False) -> None:
        self.limit = limit
        """The limit in words, such as `"the timeout of 2 s"`."""
        self.still_running = still_running
        """Whether the function goes on nevertheless, in a thread or process or in its clean-up."""
        super().__init__(limit)

    def __str__(self) -> str:
        return f"the call reached {self.limit}" + (", and still runs" if self.still_running else "")


@dataclass(frozen=True, slots=True)
class TimeoutStatistics:
    """What has become of the calls that reached their time limit."""

    timed_out: int
    """Calls that ended because of it, and not because they were cancelled from outside."""
    abandoned: int
    """Calls left behind while they were still running, whether timed out or cancelled."""
    still_running: int
    """Those of them that have not ended yet."""


class TimeLimit(ABC):
    """A layer that cancels each call at a time that its subclass knows.

    Args:
        grace: seconds that the clean-up of a cancelled call may take.

    Raises:
        ValueError: `grace` is below 0.
    """

    def __init__(self, grace: float) -> None:
        if not grace >= 0:
            raise ValueError(
                f"grace must be 0 seconds or more, got {grace!r}; "
                "use math.inf to wait for clean-up however long it takes"
            )
        self.grace = grace
        self._clock = AlarmClock()
        self._timed_out = 0
        self._abandoned = 0
        self._still_running: set[Any] = set()

    @abstractmethod
    def _begin(self, item: Any, now: float) -> tuple[Any, float]:
        """Return what the function is to be called with, and until when it may take."""

    @abstractmethod
    def _finish(self, result: Any, until: float) -> Any:
        """Return what the layer is to return for the function's result."""

    @abstractmethod
    def _error(self, *, still_running: bool) -> CallTimeoutError:
        """Return the error for a call that has reached the limit."""

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item`, and cancel it if it reaches the time limit.

        A cancellation from outside passes through; it never turns into a timeout.

        Raises:
            CallTimeoutError: the call was cancelled because of its time.
        """
        loop = asyncio.get_running_loop()
        value, until = self._begin(item, loop.time())
        result = function(value)
        if not (isinstance(result, CoroutineType) or isawaitable(result)):
            return self._finish(result, until)
        if self.grace < inf:
            return self._finish(await self._in_own_task(result, until), until)
        task = asyncio.current_task(loop)
        assert task is not None
        cancellations, alarm = task.cancelling(), self._clock.set(loop, task, until)
        try:
            result = await result
        except (Exception, asyncio.CancelledError) as failure:
            running = self._note_work_of(failure)
            # If someone else has cancelled the task as well, that goes before the alarm.
            if alarm.rung and task.uncancel() <= cancellations:
                raise self._reached(still_running=running) from failure
            raise
        finally:
            self._clock.stop(loop, alarm)
        if alarm.rung and task.uncancel() <= cancellations:  # the cancellation was swallowed
            raise self._reached(still_running=False)
        return self._finish(result, until)

    def statistics(self) -> TimeoutStatistics:
        """Return the totals so far of all that use this layer."""
        return TimeoutStatistics(self._timed_out, self._abandoned, len(self._still_running))

    def _reached(self, *, still_running: bool) -> CallTimeoutError:
        self._timed_out += 1
        return self._error(still_running=still_running)

    async def _in_own_task(self, awaitable: Awaitable[Any], until: float) -> Any:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        name = f"{me.get_name() if me else 'call'} (under a timeout)"
        task = loop.create_task(_result_of(awaitable), name=name)
        try:
            await asyncio.wait([task], timeout=until - loop.time())
        except asyncio.CancelledError:  # from outside: `wait` does not cancel what it waits for
            await self._end(task)
            raise
        if task.done():
            return task.result()
        failure = await self._end(task)
        running = not task.done() or still_running(failure) is not None
        raise self._reached(still_running=running) from failure

    async def _end(self, task: "asyncio.Task[Any]") -> BaseException | None:
        """Cancel `task`, wait for its clean-up while there is grace, and return how it failed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.grace
        task.cancel()
        try:
            await asyncio.wait([task], timeout=self.grace)
        except asyncio.CancelledError:  # the clean-up keeps its grace nevertheless
            await asyncio.wait([task], timeout=until - loop.time())
            raise
        finally:
            failure = _failure_of(task)
            self._note_work_of(failure)
            if not task.done():
                self._abandon(task)
        return failure

    def _note_work_of(self, failure: BaseException | None) -> bool:
        """Count what goes on in an executor although its call ended with `failure`, if anything."""
        work = still_running(failure)
        if work is not None:
            self._abandon(work)
        return work is not None

    def _abandon(self, work: "asyncio.Task[Any] | concurrent.futures.Future[Any]") -> None:
        """Keep what still runs until it ends; asyncio logs it if a task fails for nobody."""
        self._abandoned += 1
        self._still_running.add(work)
        work.add_done_callback(self._still_running.discard)


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _failure_of(task: "asyncio.Task[Any]") -> BaseException | None:
    if not task.done():
        return None
    try:
        return task.exception()
    except asyncio.CancelledError as error:
        return error
