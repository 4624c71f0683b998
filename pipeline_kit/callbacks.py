"""Callbacks: functions that are called in the midst of something else, and so must be plain ones.

An async function would only make a coroutine there that nobody awaits: nothing would happen, or a
coroutine, which is always true, be taken for an answer.
"""

from collections.abc import Callable
from typing import Any

from pipeline_kit.layer import is_async


def check_plain(
    argument: str,
    function: Callable[..., Any],
    *,
    takes: str,
    remedy: str = "let it put what it learns in a queue that a task of yours reads",
) -> None:
    """Raise a `TypeError` that names `argument` unless `function` can be called and is not async.

    Args:
        argument: its name, as the caller knows it.
        function: what was passed for it.
        takes: what it is called with, such as `"one item"`.
        remedy: what to do instead of making it async, for the message.
    """
    if not callable(function):
        raise TypeError(f"{argument} must be callable with {takes}, got {function!r}")
    if is_async(function):
        raise TypeError(
            f"{argument} must be a plain function, got the async {function!r}; {remedy}"
        )
