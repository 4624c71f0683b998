"""Say what each task of an event loop waits for: the text of a deadlock report."""

import asyncio
from collections.abc import Iterable, Iterator
from os.path import basename, dirname, join  # pathlib takes milliseconds to import
from types import CodeType, FrameType
from typing import Any

from pipeline_kit.errors import shown
from pipeline_kit.waiting_line import Waiter

_NOT_THE_USERS = (join(dirname(dirname(asyncio.__file__)), ""), join(dirname(__file__), ""))


class DeadlockError(RuntimeError):
    """Raised when every task waits for another one, so that nothing can happen any more."""


def describe_waiting_tasks(loop: asyncio.AbstractEventLoop) -> str:
    """Return a line for each unfinished task of `loop`: its name, what it waits for, and where."""
    return describe_tasks(asyncio.all_tasks(loop))


def describe_tasks(tasks: Iterable["asyncio.Task[Any]"]) -> str:
    """Return a line for each of `tasks`: its name, what it waits for, and where."""
    in_order = sorted(tasks, key=lambda task: _by_number(task.get_name()))
    return "\n".join(f"  {task.get_name()!r} {_describe(task)}" for task in in_order)


def place_of(frame: FrameType) -> str:
    """Return where `frame` is, as a reader would look it up: file, line and function."""
    return f"{_file_name(frame.f_code)}, line {frame.f_lineno}, in {frame.f_code.co_name}"


def is_users_own(frame: FrameType) -> bool:
    """Tell whether `frame` is code of neither the standard library nor this package."""
    return not frame.f_code.co_filename.startswith(_NOT_THE_USERS)


def _describe(task: asyncio.Task[Any]) -> str:
    frames = list(_frames(task.get_coro()))
    if not frames:
        return "has not started"
    own = [frame for frame in frames if is_users_own(frame)]
    called = frames[frames.index(own[-1]) + 1 :] if own else frames
    waits = next((text for frame in reversed(called) if (text := _waits_for(frame))), "")
    if waits and not own:
        return waits  # a line of this package's own would tell its user nothing
    return f"{waits or 'waits'} ({place_of((own or frames)[-1])})"


def _frames(awaitable: Any) -> Iterator[FrameType]:
    """Yield the frames of a suspended coroutine, then of what it awaits, and so on inwards."""
    while awaitable is not None:
        kind = next((k for k in ("cr", "gi", "ag") if hasattr(awaitable, f"{k}_frame")), None)
        frame = getattr(awaitable, f"{kind}_frame", None)
        if frame is None:
            return
        yield frame
        inner = {"cr": "cr_await", "gi": "gi_yieldfrom", "ag": "ag_await"}[str(kind)]
        awaitable = getattr(awaitable, inner)


def _waits_for(frame: FrameType) -> str:
    """Name the method of a channel, queue, lock, … that `frame` is in; "" for any other frame."""
    owner = frame.f_locals.get("self")
    method, kind = frame.f_code.co_name, type(owner).__name__
    if isinstance(owner, asyncio.TaskGroup):
        return "waits for the tasks of its task group to end"
    inner = owner is None or isinstance(owner, Waiter)  # whose line is what matters
    if inner or kind.startswith("_") or method.startswith("_"):
        return ""
    return f"waits in {kind}.{method} on {shown(owner):.200}"  # a queue shows all that is in it


def _file_name(code: CodeType) -> str:
    # A notebook cell has a file name that only the kernel can make sense of.
    return "a notebook cell" if "ipykernel_" in code.co_filename else basename(code.co_filename)


def _by_number(name: str) -> tuple[str, int]:
    """Sort "Task-2" before "Task-10"."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)
