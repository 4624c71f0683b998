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

from pipeline_kit.whole_numbers import check_whole

SLICES = 10
"""In how many slices a `TimeWindow` is divided."""


_A_BIT = 1e-6  # of a slice, because 0.3 / 0.1 is a little less than 3


class Window(Protocol):
    """What both windows have in common."""

    size: float
    """How many outcomes it holds at most; `inf` if there is no such bound."""
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
        check_whole("size", size, of="calls")
        self.size: float = size
        self.counts = [0] * outcomes
        self._kept: deque[int] = deque(maxlen=size)

    def add(self, outcome: int, now: float) -> None:
        """Count `outcome`, at the expense of the oldest if the window is full."""
        if len(self._kept) == self.size:
            self.counts[self._kept[0]] -= 1
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
        self.size = inf
        self.counts = [0] * outcomes
        self._slices: deque[tuple[int, list[int]]] = deque([(0, [0] * outcomes)])
        self._per_second = SLICES / seconds
        self._current = 0

    def add(self, outcome: int, now: float) -> None:
        """Count `outcome` as of `now`, in seconds of the event loop's clock."""
        current = int(now * self._per_second + _A_BIT)
        if current != self._current:
            self._turn_to(current)
        self._slices[-1][1][outcome] += 1
        self.counts[outcome] += 1

    def forget(self, now: float) -> None:
        """Let go of the slices that are outside the window at `now`."""
        current = int(now * self._per_second + _A_BIT)
        if current != self._current:
            self._turn_to(current)

    def _turn_to(self, current: int) -> None:
        """Begin the slice of that number, and forget those that are too far back."""
        while self._slices and self._slices[0][0] <= current - SLICES:
            for outcome, count in enumerate(self._slices.popleft()[1]):
                self.counts[outcome] -= count
        self._slices.append((current, [0] * len(self.counts)))
        self._current = current
