"""What went wrong in an answer: an exception with its line and causes, or a loop without an end."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from itertools import islice
from traceback import walk_tb
from typing import Any

FILE = "your answer"
"""The name of the answer's file in messages and tracebacks."""
_MOST_TEXT = 2_000
_MOST_NAME = 200
_LOOKS = 100
_MOST_CAUSES = 20
_MOST_ERRORS = 5


def describe(error: BaseException) -> dict[str, Any]:
    """Return what there is to say about an exception (the fields of `protocol.Fault`)."""
    first = _first(error)
    line = first.lineno or 0 if isinstance(first, SyntaxError) else 0
    for frame, number in walk_tb(first.__traceback__):
        if frame.f_code.co_filename == FILE:
            line = number
    text = _unreadable(first) if isinstance(first, SyntaxError) else _text(first)
    return {
        "type": type(first).__name__[:_MOST_NAME],
        "message": text[:_MOST_TEXT],
        "line": line,
        "causes": [_text(e) for e in islice(_family(error), _MOST_CAUSES)],
    }


def _text(error: BaseException) -> str:
    """Return the message of an exception, also if its own code cannot say it."""
    try:
        return str(error)[:_MOST_TEXT]
    except BaseException as another:
        return f"(its message cannot be shown: {type(another).__name__})"


def _unreadable(error: SyntaxError) -> str:
    if (error.text or "").lstrip()[:1] in ("%", "!"):
        return "a line that begins with % or ! is for notebooks alone, so leave it out"
    return error.msg


def note_place(thread: int) -> None:
    """Write to stderr which line of the answer is being executed, for when the run is stopped."""
    # Not by faulthandler, which reads the frames of a running thread without the lock that would
    # keep them from changing, and sometimes crashes over it. An answer that polls is mostly in
    # asyncio, so one look may miss it.
    for _ in range(_LOOKS):
        frame = sys._current_frames().get(thread)
        while frame and frame.f_code.co_filename != FILE:
            frame = frame.f_back
        if frame:
            os.write(2, f'Timeout\n  File "{FILE}", line {frame.f_lineno}\n'.encode())
            return
        threading.Event().wait(0.001)


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _family(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, its members if it is a group, and what caused them; each once."""
    found, to_do = set(), [error]
    while to_do:
        each = to_do.pop()
        if id(each) in found:  # `raise error from error` makes it its own cause
            continue
        found.add(id(each))
        yield each
        cause = each.__cause__ or each.__context__
        to_do += [cause] if cause else []
        to_do += reversed(each.exceptions) if isinstance(each, BaseExceptionGroup) else []


class LostErrors:
    """An exception handler for a loop: collects the errors of tasks that nobody has awaited."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        """A text for each error: its type, its line and its message."""
        self.ignored: set[int] = set()
        """Identities of tasks whose errors are not the answer's doing, as they were cancelled."""

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take note of what the loop complains about."""
        error = context.get("exception")
        if len(self.texts) == _MOST_ERRORS:
            return
        if isinstance(error, Exception) and id(context.get("future")) not in self.ignored:
            fault = describe(error)
            where = f" in line {fault['line']}" if fault["line"] else ""
            message = f" ({fault['message']})" if fault["message"] else ""
            self.texts.append(f"{fault['type']}{where}{message}"[:_MOST_TEXT])
