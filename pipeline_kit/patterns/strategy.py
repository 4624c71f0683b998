"""What every strategy for choosing workers is, and what it sees of them; see `strategies`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol


class Candidate(Protocol):
    """What a strategy sees of a worker."""

    @property
    def number(self) -> int:
        """Its place among the workers, from 0."""

    @property
    def weight(self) -> float:
        """How much it gets, compared with the others."""

    @property
    def pending(self) -> int:
        """Items it has in hand: those it works on, and those that wait for it."""

    @property
    def free(self) -> bool:
        """Whether it would start on an item at once."""


class Strategy(ABC):
    """Chooses workers."""

    @abstractmethod
    def choose(self, workers: Sequence[Candidate]) -> int | None:
        """Return the index in `workers` of the one to get the next item.

        None for whichever of them is free first, if none is. `workers` are those in question at
        this moment, one at least, in order of their numbers.
        """

    def observe(self, worker: Candidate, seconds: float, now: float) -> None:  # noqa: B027 - optional
        """Take note of how long a worker took for an item, done at the loop's time `now`."""
