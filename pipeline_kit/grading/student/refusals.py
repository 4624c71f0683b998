"""What is never right in an answer is refused in the student's process, with what to do instead."""

import inspect
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from types import CoroutineType
from typing import Any

from pipeline_kit import pipeline, run, workers


def refuse_what_is_never_right() -> None:
    """Replace what is never right in an answer by something that says so."""
    time.sleep = _refuse(
        "time.sleep stops the event loop and all its tasks; use `await asyncio.sleep(…)`"
    )
    sys.breakpointhook = _refuse("nobody is there to talk to a debugger; print instead")
    for finished in (pipeline.Pipeline, run.Run, workers.Crew):
        finished.__init__ = _refuse(  # type: ignore[method-assign] # that is the point
            "this exercise is about building a pipeline from channels and tasks; "
            "pipeline_kit.Pipeline is there for you afterwards"
        )
    sys.meta_path.insert(0, _FinishedPatterns())


class _FinishedPatterns(MetaPathFinder):
    """Finds no pattern of the kit, because the exercises are about building them."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        if name.startswith("pipeline_kit.patterns"):
            raise ImportError(
                "this exercise is about building the pattern yourself; "
                "pipeline_kit.patterns is there for you afterwards"
            )


def _refuse(message: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> None:
        raise TypeError(message)

    return refuse


class AnswerError(Exception):
    """Raised when what the answer defines cannot be run at all."""


def defined(name: str, namespace: dict[str, Any]) -> Callable[..., Any]:
    """Return the function of this name that the answer defines.

    Raises:
        AnswerError: it defines none.
    """
    function: Any = namespace.get(name)
    if not callable(function):
        raise AnswerError(f"there is no function {name} in the answer; give yours that name")
    return function  # type: ignore[no-any-return] # what it is nobody knows


def call(
    name: str,
    function: Callable[..., Any],
    given: Sequence[object],
    more: Mapping[str, object],
) -> object:
    """Call the function of the answer, if it takes what the exercise gives it.

    Raises:
        AnswerError: it takes other arguments.
    """
    with suppress(ValueError):  # some callables do not tell what they take
        try:
            inspect.signature(function).bind(*given, **more)
        except TypeError as error:
            raise AnswerError(
                f"{name} does not take what the exercise gives it ({error}); "
                "let its first line be as it was at first"
            ) from None
    return function(*given, **more)


def awaitable(name: str, result: object) -> "CoroutineType[Any, Any, object]":
    """Return what the call of the answer has returned, if it is a coroutine.

    Raises:
        AnswerError: it is none.
    """
    if isinstance(result, CoroutineType):
        return result
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise AnswerError(
            f"there is a `yield` in {name}, which makes it a generator, and nobody iterates over "
            "it; results go to the sink, by `await sink.send(result)`"
        )
    raise AnswerError(
        f"{name} is a plain function; begin it with `async def`, so that it can await"
    )
