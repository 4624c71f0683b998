"""What a trace is made of: events, each about one item at one stage at one moment."""

from typing import Any, Literal, NamedTuple

SOURCE = "source"
SINK = "sink"

Kind = Literal["queued", "started", "finished", "filtered", "failed", "dropped"]


class Event(NamedTuple):
    """One thing that happened to one item."""

    time: float
    """Seconds since the run began."""
    kind: Kind
    """`queued`: accepted by the channel in front of the stage. `started`: taken by a worker.
    `finished` or `failed`: the work ended. `filtered`: it ended, and the item was not to go any
    further. `dropped`: discarded without being worked on."""
    item: int
    """The item's number, in the order in which the source yielded it."""
    stage: str
    """The stage's name, or `"source"` or `"sink"`."""
    worker: int = 0
    """Which of the stage's workers, from 0."""
    note: str = ""
    """What went wrong, where something did."""


class Envelope(NamedTuple):
    """An item with its number, as it travels through a run that is recorded."""

    number: int
    value: object


def bare(item: Any) -> Any:
    """Take an item out of the envelope in which it travels through a run that is recorded."""
    return item.value if isinstance(item, Envelope) else item


class StageShape(NamedTuple):
    """What there is to know of a stage besides its events."""

    name: str
    """The stage's name, or `"sink"`."""
    workers: int = 1
    """How many items the stage works on at the same time."""
    capacity: float | None = None
    """Capacity of the channel in front of the stage, in items; None where it is not known."""
