"""What went wrong in an answer: an exception with its line and causes, or a loop without an end."""

import os
import sys
from collections.abc import Iterator
from traceback import walk_tb
from typing import Any

FILE = "your answer"
"""The name of the answer's file in messages and tracebacks."""
_MOST_TEXT = 2_000


def describe(error: BaseException) -> dict[str, Any]:
    """Return what there is to say about an exception (the fields of `protocol.Fault`)."""
    first = _first(error)
    line = first.lineno or 0 if isinstance(first, SyntaxError) else 0
    for frame, number in walk_tb(first.__traceback__):
        if frame.f_code.co_filename == FILE:
            line = number
    text = first.msg if isinstance(first, SyntaxError) else str(first)
    return {
        "type": type(first).__name__,
        "message": text[:_MOST_TEXT],
        "line": line,
        "causes": [str(e)[:_MOST_TEXT] for e in _family(error)][:20],
    }


def note_place(thread: int) -> None:
    """Write to stderr which line of the answer is being executed, for when the run is stopped."""
    # Not by faulthandler, which reads the frames of a running thread without the lock that would
    # keep them from changing, and sometimes crashes over it.
    frame = sys._current_frames().get(thread)
    while frame and frame.f_code.co_filename != FILE:
        frame = frame.f_back
    if frame:
        os.write(2, f'Timeout\n  File "{FILE}", line {frame.f_lineno}\n'.encode())


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _family(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception, its members if it is a group, and what caused them."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for member in error.exceptions:
                yield from _family(member)
        error = error.__cause__ or error.__context__
