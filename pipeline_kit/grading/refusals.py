"""What is never right in an answer is refused in the student's process, with what to do instead."""

import time
from collections.abc import Callable
from typing import Any

from pipeline_kit import pipeline


def refuse_what_is_never_right() -> None:
    """Replace what is never right in an answer by something that says so."""
    time.sleep = _refuse(
        "time.sleep stops the event loop and all its tasks; use `await asyncio.sleep(…)`"
    )
    pipeline.Pipeline.__init__ = _refuse(  # type: ignore[method-assign] # that is the point
        "this exercise is about building a pipeline from channels and tasks; "
        "pipeline_kit.Pipeline is there for you afterwards"
    )


def _refuse(message: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> None:
        raise TypeError(message)

    return refuse
