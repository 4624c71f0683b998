"""The tasks of a run: a task group that is always left in the same way, whatever has happened.

All tasks are cancelled and awaited. If one had failed, its error is raised by itself and not in an
exception group, because the first failure is what ended the run; what failed in the meantime is
noted on it. The cancellation of whoever owns the run is neither swallowed nor made up.
"""

import asyncio
import sys
from collections.abc import Coroutine
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
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Make ready to start tasks."""
        await self._group.__aenter__()

    def start(self, name: str, coroutine: Coroutine[Any, Any, None]) -> None:
        """Start a task; if it fails, the others are cancelled, and so is the owner of the run."""
        self._tasks.append(self._group.create_task(coroutine, name=name))

    async def end(self, error: BaseException | None) -> None:
        """Cancel all tasks, and wait until they have ended.

        Args:
            error: with which the owner's own block has ended, if with any. A failure of a task is
                then raised only in place of a cancellation, and otherwise noted on the error.

        Raises:
            Exception: the first failure of a task, with notes about the others.
        """
        for task in self._tasks:  # in order, so that even a failure looks the same every time
            task.cancel()
        hurried = self._has_hurried_the_owner()
        cancelled = error if isinstance(error, asyncio.CancelledError) else None
        try:
            # An error of the block itself is none of the group's business: it passes through.
            await self._group.__aexit__(type(cancelled) if cancelled else None, cancelled, None)
        except BaseExceptionGroup as failures:
            if sys.version_info < (3, 13):
                self._tell_cancellations_apart(hurried)
            first, *others = _all_of(failures)
            if error and not cancelled:
                _note_on(error, [first, *others])
                return
            _note_on(first, others)
            raise first from first.__cause__

    def _tell_cancellations_apart(self, hurried: bool) -> None:
        """Do what a task group that fails does by itself since Python 3.13.

        If a task has failed while the group was being left, take back the cancellation with which
        the group hurried its owner. And let a cancellation from outside, in whose place a failure
        is raised now, strike at the next await.
        """
        me = asyncio.current_task()
        assert me is not None
        if not hurried and self._has_hurried_the_owner():
            me.uncancel()
        if me.cancelling() > self._deadline.expired():  # whose cancellation it takes back itself
            me.uncancel()
            me.cancel()

    def _has_hurried_the_owner(self) -> bool:
        # It is private to asyncio, but the same in all versions, and cannot be told from outside.
        return self._group._parent_cancel_requested  # type: ignore[attr-defined,no-any-return] # as said above


def _all_of(failures: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """Return the errors in a group and in the groups in it, in the order in which they came."""
    nested = [
        _all_of(failure) if isinstance(failure, BaseExceptionGroup) else [failure]
        for failure in failures.exceptions
    ]
    return [failure for failures in nested for failure in failures]


def _note_on(error: BaseException, others: list[BaseException]) -> None:
    for other in others:
        error.add_note(f"Meanwhile: {other}")
