"""Leak detection: which tasks are still there although what they belong to is over.

A task that waits for what will never come is kept for ever, with all it holds: its item, its
connection, its place in a line. Nothing fails. It only adds up, until the process is too large.

    async with no_tasks_left():
        ...                          # afterwards everything that began in here must have ended

    LeakError: 1 task is left that began in the block:
      'fetch 3' waits in Channel.send on <Channel 'parse': 5 of 5 items, open, …> (shop.py, line 12)

A run of a pipeline leaves no tasks, however it ends; this is for what you start yourself, and for
tests. (Channels look after themselves: one that is thrown away while a task waits on it, or with
items in it, warns by its name.)

The idea is that of goleak, for goroutines (Uber, 2018).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pipeline_kit.deadlock import describe_tasks


class LeakError(RuntimeError):
    """Raised when tasks are left at the end of a block; says what each waits for, and where."""

    def __init__(self, tasks: frozenset["asyncio.Task[Any]"]) -> None:
        self.tasks = tasks
        """The tasks; they go on waiting."""
        how_many = "1 task is" if len(tasks) == 1 else f"{len(tasks)} tasks are"
        super().__init__(f"{how_many} left that began in the block:\n{describe_tasks(tasks)}")


@asynccontextmanager
async def no_tasks_left(*, patience: float = 0.0) -> AsyncIterator[None]:
    """Check that all tasks that begin within the block have ended when it ends.

    An error of the block itself passes through unchecked, as it says more.

    Args:
        patience: seconds that tasks may take to end after the block; by default those that are on
            the point of ending do so, and no more.

    Raises:
        LeakError: some have not.
        ValueError: `patience` is below 0.
    """
    if not patience >= 0:
        raise ValueError(f"patience must be 0 seconds or more, got {patience!r}")
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before
    if left:
        _, left = await asyncio.wait(left, timeout=patience)
    if left:
        raise LeakError(frozenset(left))
