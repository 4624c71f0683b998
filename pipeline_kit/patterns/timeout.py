"""Timeout: a call that takes too long is cancelled, so that one slow item cannot stop the stage.

Without it, a server that never answers keeps its worker for ever. There are three limits, and each
has its own owner:

    a call of a stage    Stage(fetch, layers=[Timeout(2)])         this module
    an item, in total    ItemDeadline(5), in front of each stage   `item_deadline`
    the whole run        Pipeline(…, deadline=60)                  the pipeline itself

Cancelling is a request. The function gets a `CancelledError` where it waits, its clean-up runs
(`finally`, `async with`), and only then it has ended:

    0 s ────────────── timeout ─────────── timeout + grace
       the call           its clean-up                    abandoned, if it still runs

So with a timeout of 1 s and a clean-up of 2 s the caller goes on after 3 s, unless `grace` says
otherwise. A function in a thread or process cannot be asked at all: its caller goes on, and it is
counted as still running until it has ended.

Not for a plain function that computes on the event loop: nobody can look at the clock meanwhile.
Give such a stage an executor.
"""

import asyncio
import concurrent.futures
from collections.abc import Awaitable
from dataclasses import dataclass
from inspect import isawaitable
from math import inf
from typing import Any

from pipeline_kit.executor import still_running
from pipeline_kit.layer import Function


class CallTimeoutError(TimeoutError):
    """A call was cancelled because it reached its time limit.

    Its cause is the exception with which the call ended, if it has: as a rule the `CancelledError`,
    whose traceback shows what the function was waiting for; else what its clean-up failed with.
    """

    def __init__(self, limit: str, *, still_running: bool) -> None:
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


class Timeout:
    """A layer that cancels each call after `timeout` seconds.

    Args:
        timeout: seconds that a call may take.
        grace: seconds that the clean-up of a cancelled call may take; then the call is abandoned:
            the caller goes on, and the rest of the clean-up goes on beside it. By default the
            caller waits for as long as it takes. A bound costs a task for each call, some 10 µs.

    Raises:
        ValueError: `timeout` is not above 0 or not finite, or `grace` is below 0.
    """

    def __init__(self, timeout: float, *, grace: float = inf) -> None:
        if not 0 < timeout < inf:
            raise ValueError(
                f"timeout must be above 0 seconds and finite, got {timeout!r}; "
                "for no limit, leave the layer out"
            )
        if not grace >= 0:
            raise ValueError(
                f"grace must be 0 seconds or more, got {grace!r}; "
                "use math.inf to wait for clean-up however long it takes"
            )
        self.timeout = timeout
        self.grace = grace
        self._timed_out = 0
        self._abandoned = 0
        self._still_running: set[Any] = set()

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item`, and cancel it if it takes longer than `timeout`.

        A cancellation from outside passes through; it never turns into a timeout.

        Raises:
            CallTimeoutError: the call was cancelled because of its time.
        """
        result = function(item)
        if not isawaitable(result):
            return result
        until = asyncio.get_running_loop().time() + self.timeout
        try:
            return await self.bound(result, until)
        except LimitReached as reached:
            raise CallTimeoutError(
                f"the timeout of {self.timeout} s", still_running=reached.still_running
            ) from reached.__cause__

    def bound(self, awaitable: Awaitable[Any], until: float) -> Awaitable[Any]:
        """Await `awaitable`, and cancel it at the time `until` of the event loop's clock.

        Raises:
            LimitReached: it was cancelled for that reason.
        """
        if self.grace == inf:
            return self._with_alarm(awaitable, until)
        return self._in_own_task(awaitable, until)

    def statistics(self) -> TimeoutStatistics:
        """Return the totals so far of all that use this layer."""
        return TimeoutStatistics(self._timed_out, self._abandoned, len(self._still_running))

    async def _with_alarm(self, awaitable: Awaitable[Any], until: float) -> Any:
        """Await with an alarm that cancels this task: what `asyncio.timeout` does, in short."""
        task = asyncio.current_task()
        assert task is not None
        cancellations = task.cancelling()
        rung: list[bool] = []
        alarm = task.get_loop().call_at(until, _ring, task, rung)
        try:
            result = await awaitable
        except (Exception, asyncio.CancelledError) as failure:
            running = self._note_work_of(failure)
            # If someone else has cancelled the task as well, that goes before the alarm.
            if rung and task.uncancel() <= cancellations:
                self._timed_out += 1
                raise LimitReached(still_running=running) from failure
            raise
        finally:
            alarm.cancel()
        if rung and task.uncancel() <= cancellations:  # the cancellation was swallowed
            self._timed_out += 1
            raise LimitReached
        return result

    async def _in_own_task(self, awaitable: Awaitable[Any], until: float) -> Any:
        """Await in a task of its own, because a task can be left behind."""
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
        self._timed_out += 1
        running = not task.done() or still_running(failure) is not None
        raise LimitReached(still_running=running) from failure

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


class LimitReached(Exception):  # noqa: N818 - not an error by itself; its catcher names the limit
    """Raised by `Timeout.bound`; the cause is the exception with which the awaitable ended."""

    def __init__(self, *, still_running: bool = False) -> None:
        super().__init__()
        self.still_running = still_running
        """Whether what was awaited goes on nevertheless."""


def _ring(task: "asyncio.Task[Any]", rung: list[bool]) -> None:
    rung.append(True)
    task.cancel()


async def _result_of(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _failure_of(task: "asyncio.Task[Any]") -> BaseException | None:
    if not task.done():
        return None
    try:
        return task.exception()
    except asyncio.CancelledError as error:
        return error
