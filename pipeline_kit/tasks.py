"""The tasks of a run: a task group that is always left in the same way, whatever has happened.

All tasks are cancelled and awaited. If one had failed, its error is raised by itself and not in an
exception group, because the first failure is what ended the run; what failed in the meantime is
noted on it. The cancellation of whoever owns the run is neither swallowed nor made up.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from pipeline_kit.deadline import Deadline


class Tasks:
    """Tasks that end together.

    Args:
        deadline: that of the run, which takes back the cancellation that comes from it.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._group = asyncio.TaskGroup()
        self._owner: asyncio.Task[Any] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._end_has_begun = False

    async def open(self) -> None:
        """Make ready to start tasks."""
        self._owner = asyncio.current_task()
        await self._group.__aenter__()

    def start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a task; if it fails, the others are cancelled, and so is the owner of the run."""
        if self._has_hurried_the_owner():
            return  # a task before it has failed already, as eager ones may
        self._tasks.append(self._group.create_task(self._see_through(name, work), name=name))

    async def end(self, error: BaseException | None) -> None:
        """Cancel all tasks, and wait until they have ended; nothing interrupts their clean-up.

        Args:
            error: with which the owner's own block has ended, if with any. A failure of a task is
                then raised only in place of a cancellation, and otherwise noted on the error.

        Raises:
            Exception: the first failure of a task, with notes about the others.
        """
        me = asyncio.current_task()
        assert me is not None
        self._end_has_begun = True
        if not self._has_hurried_the_owner():  # else they are cancelled, and may be cleaning up
            for task in self._tasks:  # in order, so that even a failure looks the same every time
                task.cancel()
        # Only a group that is left with a cancellation lets each task clean up to the end, also if
        # that of another one fails. So it gets one, which comes back when all have ended.
        cancelled = isinstance(error, asyncio.CancelledError)
        reason, so_far = error if cancelled else asyncio.CancelledError(), me.cancelling()
        try:
            await self._group.__aexit__(asyncio.CancelledError, reason, None)
        except asyncio.CancelledError:
            if cancelled or me.cancelling() > so_far:
                raise
        except BaseExceptionGroup as failures:
            if sys.version_info < (3, 13):
                self._keep_cancellation_of(me)
            first, *others = failures.exceptions
            if error and not cancelled:
                _note_on(error, [first, *others])
                return
            _note_on(first, others)
            raise first from first.__cause__

    def _keep_cancellation_of(self, me: asyncio.Task[Any]) -> None:
        """Do what a task group that fails does by itself since Python 3.13.

        Let a cancellation from outside, in whose place a failure is raised now, strike at the next
        await.
        """
        if me.cancelling() > self._deadline.expired():  # whose cancellation it takes back itself
            me.uncancel()
            me.cancel()

    async def _see_through(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do the work; it fails if somebody cancels this task alone, so that no item gets lost."""
        try:
            await work()
        except asyncio.CancelledError:
            if self._is_ending():
                raise
            raise RuntimeError(
                f"task {name!r} was cancelled in the midst of a run, and its item would be lost; "
                "to end the run, leave its block, or cancel the task that the block is in"
            ) from None

    def _is_ending(self) -> bool:
        assert self._owner is not None
        over = self._owner.done() or self._owner.cancelling()  # as when the event loop shuts down
        return bool(self._end_has_begun or over)

    def _has_hurried_the_owner(self) -> bool:
        # It is private to asyncio, but the same in all versions, and cannot be told from outside.
        return self._group._parent_cancel_requested  # type: ignore[attr-defined,no-any-return] # as said above


def _note_on(error: BaseException, others: list[BaseException]) -> None:
    for other in others:
        error.add_note(f"Meanwhile: {other}")
