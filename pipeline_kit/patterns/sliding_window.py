"""Sliding windows: what happened lately, counted, in memory that does not grow with it.

Whoever decides by a rate needs two numbers, how many calls there were and how many of them failed,
and only of late: yesterday's failures say nothing about today. Each outcome is a small whole number
that its owner gives a meaning, and `counts[outcome]` is how often it happened within the window.

    CountWindow(5)          ✓ ✓ ✕ [✓ ✕ ✓ ✓ ✕]        the last five calls
    TimeWindow(10)          ✓✓✓ ✕ [✓|✕✓| |✓✓✓|✕|…]    the last ten seconds, in ten slices

Both are as Resilience4j describes them: totals are kept up to date as outcomes enter and leave, so
reading them costs nothing. A time window forgets slice by slice. It reaches back between nine and
ten tenths of its length, and in return holds ten numbers for each outcome instead of every call.
"""

from collections import deque
from math import inf
from typing import Protocol

SLICES = 10
"""In how many slices a `TimeWindow` is divided."""


class Window(Protocol):
    """What both windows have in common."""

    counts: list[int]
    """How often each outcome happened within the window, as of the last `add` or `forget`."""

    def add(self, outcome: int, now: float) -> None:
        """Count `outcome` as of `now`, in seconds of the event loop's clock."""

    def forget(self, now: float) -> None:
        """Let go of what is outside the window at `now`."""


class CountWindow:
    """The last `size` outcomes, however long ago they were.

    Args:
        size: how many outcomes.
        outcomes: outcomes are whole numbers from 0 to below this.

    Raises:
        ValueError: `size` is not a whole number above 0.
    """

    def __init__(self, size: int, *, outcomes: int = 2) -> None:
        if not isinstance(size, int) or size < 1:
            raise ValueError(f"size must be a whole number of calls, 1 or more, got {size!r}")
        self.size = size
        self.counts = [0] * outcomes
        self._kept: deque[int] = deque()

    def add(self, outcome: int, now: float) -> None:
        """Count `outcome`, at the expense of the oldest if the window is full."""
        if len(self._kept) == self.size:
            self.counts[self._kept.popleft()] -= 1
        self._kept.append(outcome)
        self.counts[outcome] += 1

    def forget(self, now: float) -> None:
        """Do nothing: time does not matter here."""


class TimeWindow:
    """The outcomes of the last `seconds`, however many they were.

    Args:
        seconds: how far back to look.
        outcomes: outcomes are whole numbers from 0 to below this.

    Raises:
        ValueError: `seconds` is not above 0 or not finite.
    """

    def __init__(self, seconds: float, *, outcomes: int = 2) -> None:
        if not 0 < seconds < inf:
            raise ValueError(f"seconds must be above 0 and finite, got {seconds!r}")
        self.seconds = seconds
        self.counts = [0] * outcomes
        # In whole nanoseconds, because 0.3 // 0.1 is 2.
        self._slice = max(1, round(seconds * 1e9) // SLICES)
        self._kept: deque[tuple[int, list[int]]] = deque()

    def add(self, outcome: int, now: float) -> None:
        """Count `outcome` as of `now`, in seconds of the event loop's clock."""
        self.forget(now)
        current = round(now * 1e9) // self._slice
        if not self._kept or self._kept[-1][0] != current:
            self._kept.append((current, [0] * len(self.counts)))
        self._kept[-1][1][outcome] += 1
        self.counts[outcome] += 1

    def forget(self, now: float) -> None:
        """Let go of the slices that are outside the window at `now`."""
        oldest = round(now * 1e9) // self._slice - SLICES
        while self._kept and self._kept[0][0] <= oldest:
            for outcome, count in enumerate(self._kept.popleft()[1]):
                self.counts[outcome] -= count
