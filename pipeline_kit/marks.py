"""Marks: what a layer did for an item inside a call, to be seen in the picture of a recorded run.

From outside, a call that was answered from a cache is just a short one, and a call that was tried
three times just a long one. So the layers leave a mark where that happens:

    mark("hit")          answered from a cache
    mark("substitute")   answered with a substitute, because the call failed
    mark("retry")        called once more, because the call before has failed

In a run that is not recorded nobody listens, and a mark costs a look at a context variable. The
variable belongs to the task that works on the item, and to the tasks started from there.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

MarkKind = Literal["hit", "substitute", "retry"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that a layer did for one item, at one stage."""

    time: float
    """Seconds since the run began."""
    kind: MarkKind
    """`hit`: answered from a cache. `substitute`: the call failed, and something else was given in
    its place. `retry`: the call before has failed, and another one begins."""
    item: int
    """The item's number."""
    stage: str
    """The stage's name."""
    worker: int = 0
    """Which of the stage's workers, from 0."""


listener: ContextVar[Callable[[MarkKind], object] | None] = ContextVar("listener", default=None)
"""Who wants to know of the marks of the call that goes on; None in a run that is not recorded."""

listening = listener.get
"""Returns the listener: what `mark` asks, for where even a call of `mark` takes too long."""


def mark(kind: MarkKind) -> None:
    """Leave a mark on the item that is being worked on, if the run is recorded."""
    if note := listening():
        note(kind)
