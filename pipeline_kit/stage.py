"""A stage: a function, how many workers call it, and the buffer in front of it.

           ┌──────────── stage "parse" ────────────┐
    ──▶ [ buffer ] ──▶ worker 0: result = parse(item) ──▶ buffer of the next stage
                   └─▶ worker 1: result = parse(item) ──┘

A stage only describes; `Pipeline` wires stages together and runs them.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from inspect import iscoroutinefunction
from typing import Any

from pipeline_kit.channel import check_capacity
from pipeline_kit.trace import Envelope


class StageError(Exception):
    """Raised when a stage's function, or the source, fails; the cause is its original exception."""

    def __init__(self, stage: str, item: object, number: int | None = None) -> None:
        self.stage = stage
        """Name of the stage, or `"source"`."""
        self.item = item
        """What the function was called with; for the source, how many items it had yielded."""
        self.number = number
        """The item's number in the order of the source, if the run was recorded."""
        super().__init__(stage, item, number)

    @classmethod
    def about(cls, stage: str, item: object) -> "StageError":
        """Make the error for an item, taking it out of its envelope if the run is recorded."""
        if isinstance(item, Envelope):
            return cls(stage, item.value, item.number)
        return cls(stage, item)

    def __str__(self) -> str:
        if self.stage == "source":
            return f"the source failed after {self.item} items{self._because()}"
        number = "" if self.number is None else f" (number {self.number})"
        item = f"{self.item!r:.200}"
        return f"stage {self.stage!r} failed on item {item}{number}{self._because()}"

    def _because(self) -> str:
        return f": {type(self.__cause__).__name__}: {self.__cause__}" if self.__cause__ else ""


class Stage:
    """One step of a pipeline.

    Args:
        function: called with one item, returns one result; plain or async. A plain function runs
            on the event loop, so it should be short or have an `executor`.
        name: how errors and pictures call the stage; by default the function's name.
        workers: how many items are worked on at the same time.
        buffer: capacity of the channel in front of the stage, in items; 0 is a rendezvous.
        ordered: whether results leave in the order in which their items came. With several workers
            a slow item then holds back those that overtook it, one per worker at most.
        executor: where to run a plain function: threads, processes, or any other
            `concurrent.futures.Executor`. It remains the caller's to shut down.

    Raises:
        TypeError: `function` is not callable, or is async although there is an `executor`.
        ValueError: `workers` is below 1, or `buffer` below 0.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        name: str | None = None,
        workers: int = 1,
        buffer: float = 0,
        ordered: bool = False,
        executor: Executor | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError(f"function must be callable with one item, got {function!r}")
        if not isinstance(workers, int) or workers < 1:
            raise ValueError(f"workers must be a whole number, 1 or more, got {workers!r}")
        if executor is not None and is_async(function):
            raise TypeError(
                f"function {function!r} is async, but an executor runs plain functions; "
                "leave out the executor, or pass a plain function"
            )
        check_capacity("buffer", buffer)
        self.function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self.workers = workers
        self.buffer = buffer
        self.ordered = ordered
        self.executor = executor

    def __repr__(self) -> str:
        return f"Stage({self.name!r}, workers={self.workers}, buffer={self.buffer})"


def is_async(function: Callable[..., object]) -> bool:
    """Tell whether calling `function` gives a coroutine (also for objects with `__call__`)."""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)
