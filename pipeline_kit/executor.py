"""Calling a plain function in an executor: in a thread, a process, or on another machine.

A call there cannot be interrupted. Whoever cancels it only stops waiting for it; the function goes
on to its end, and keeps its thread or process busy. So a cancelled call says whether it does.
"""

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any

from pipeline_kit.errors import is_failure
from pipeline_kit.layer import is_async


def in_executor(
    executor: Executor, function: Callable[[Any], Any]
) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    """Return an async function of one item that calls the plain `function` in `executor`.

    If it is cancelled before the executor has begun with the item, the item is taken back. If it is
    cancelled later, its `CancelledError` has the `concurrent.futures.Future` of what goes on as its
    attribute `unfinished_work`; see `still_running`.

    If the executor gives the call up, as one does that is shut down, that is an error like any
    other: a `concurrent.futures.CancelledError`, which is an `Exception`.
    """
    return partial(_call, executor, function)


def still_running(error: BaseException | None) -> "concurrent.futures.Future[Any] | None":
    """Return what goes on in an executor although its call was cancelled with `error`, if any."""
    return getattr(error, "unfinished_work", None)


def check_function(function: Callable[[Any], Any], executor: Executor | None) -> None:
    """Raise a `TypeError` unless `function` can be called with an item, in `executor` if any."""
    if not callable(function):
        raise TypeError(f"function must be callable with one item, got {function!r}")
    if executor is None:
        return
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"executor must be a concurrent.futures.Executor, got {executor!r}; "
            "for four threads, pass ThreadPoolExecutor(4)"
        )
    if is_async(function):
        raise TypeError(
            f"function {function!r} is async, but an executor runs plain functions; "
            "leave out the executor, or pass a plain function"
        )


async def _call(executor: Executor, function: Callable[[Any], Any], item: Any) -> Any:
    keeper = _Keeper(executor)
    try:
        return await asyncio.get_running_loop().run_in_executor(keeper, function, item)
    except asyncio.CancelledError as error:
        if is_failure(error):
            raise concurrent.futures.CancelledError("the executor has given the call up") from error
        work = keeper.work
        if work and not work.cancel() and not work.done():
            # An attribute, not a subclass: asyncio.timeout knows only the class itself, on 3.11.
            error.unfinished_work = work  # type: ignore[attr-defined] # as said above
        raise


class _Keeper(Executor):
    """Keeps the future that the executor returns; the event loop only hands out its own."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.work: concurrent.futures.Future[Any] | None = None

    def submit(self, *call: Any, **keywords: Any) -> "concurrent.futures.Future[Any]":
        self.work = self._executor.submit(*call, **keywords)
        self.work.add_done_callback(_make_bearable)
        return self.work


def _make_bearable(work: "concurrent.futures.Future[Any]") -> None:
    """Make a `StopIteration` the `RuntimeError` that it would be in a coroutine (PEP 479).

    Up to Python 3.12 asyncio cannot pass it on, and whoever awaits it would wait for ever.
    """
    error = None if work.cancelled() else work.exception()
    if isinstance(error, StopIteration):
        bearable = RuntimeError("the function raised StopIteration")
        bearable.__cause__ = error
        work._exception = bearable  # set_exception works only once
