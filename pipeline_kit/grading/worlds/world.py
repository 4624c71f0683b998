"""The script of a graded run: what the source yields and when, how long work takes, what fails.

A `World` only describes; `play.Play` performs it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Work = Mapping[str, float | Sequence[float]]
"""How long each stage works, from the first to the last: a time, or one for each item."""


@dataclass(frozen=True, kw_only=True)
class World:
    """The script of a run. All times are in virtual seconds.

    Choose times that are exact as binary fractions (multiples of 0.25), and checks can use `==`.

    Raises:
        ValueError: there are not as many arrivals or working times as items.
    """

    items: Sequence[int]
    """What the source yields."""
    work: Work
    """How long each stage works, from the first stage to the last: a time, or one for each item."""
    workers: Mapping[str, int] = field(default_factory=dict)
    """How many items a stage is meant to work on at once, where it is not 1; for pictures only."""
    arrivals: Sequence[float] = ()
    """When each item is there to be taken; by default all are from the start."""
    sink_pace: float = 0.0
    """How long the sink is busy with a result before it takes the next."""
    failing: tuple[str, int] | None = None
    """The stage (or `"source"`) that fails, and on which item, counted from 0."""
    cancel_at: float | None = None
    """When the answer is cancelled from outside."""
    zeros: bool = False
    """Whether the first result of each stage is 0."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the answer, such as `buffer_size`; anything that JSON can say."""
    streams: Mapping[str, Sequence[tuple[float, int]]] = field(default_factory=dict)
    """Further sources, such as `changes`, which are arguments too: when each yields what. A stream
    ends after the last."""
    signals: Sequence[str] = ()
    """Functions, such as `alarm`, by which the answer tells a number; they are arguments too."""

    schedule: int | None = None
    """Seed of the order in which tasks take turns that could go on at the same moment; None for
    the order of asyncio, which is always the same."""

    def __post_init__(self) -> None:
        for name, times in {"arrivals": self.arrivals, **self.work}.items():
            if not isinstance(times, float | int) and len(times) not in (0, len(self.items)):
                raise ValueError(
                    f"{name} has {len(times)} times for {len(self.items)} items; give one for each"
                )

    @property
    def error(self) -> str:
        """The message of the error with which the failing stage or source fails."""
        return "" if not self.failing else f"{self.failing[0]} cannot go on (made up by the grader)"

    def duration(self, stage: str, item: int) -> float:
        """Return how long `stage` works on item number `item`, in seconds."""
        times = self.work[stage]
        return times if isinstance(times, float | int) else times[item]
