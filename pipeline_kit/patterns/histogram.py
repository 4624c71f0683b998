"""A histogram of durations: any quantile, to a stated accuracy, in bounded memory.

A mean hides the slow calls, and keeping every duration to sort them takes memory without end. This
histogram only counts how many durations fell into each bucket. Buckets grow in proportion, so that
a millisecond and an hour are known to the same relative accuracy:

    bucket      …     0        1         2            3               4           …
    holds       … ≤ 1   ≤ γ       ≤ γ²         ≤ γ³            ≤ γ⁴               …    γ = 1.0202

The algorithm is DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile
sketch with relative-error guarantees", VLDB 2019), without its collapsing of buckets: durations do
not span enough orders of magnitude to need it.

Not for quantities below zero, nor where the single values matter.
"""

import math
from typing import Self

SMALLEST = 1e-9
"""Seconds. What is shorter than a nanosecond counts as 0."""


class Histogram:
    """Counts durations in buckets, and estimates quantiles from the counts.

    At an accuracy of 0.01, durations from a nanosecond to a day fill 1,606 buckets at most.

    Args:
        accuracy: the greatest relative error of a quantile; 0.01 is one per cent.

    Raises:
        ValueError: `accuracy` is not between 0 and 1.
    """

    __slots__ = ("_buckets", "_scale", "accuracy", "count", "total", "zeros")

    def __init__(self, accuracy: float = 0.01) -> None:
        if not 0 < accuracy < 1:
            raise ValueError(
                f"accuracy must be between 0 and 1, got {accuracy!r}; 0.01 for one per cent"
            )
        self.accuracy = accuracy
        self.count = 0
        """Durations so far."""
        self.total = 0.0
        """Their sum, in seconds."""
        self.zeros = 0
        """How many were shorter than `SMALLEST`."""
        self._buckets: dict[int, int] = {}
        self._scale = 1 / math.log((1 + accuracy) / (1 - accuracy))

    def record(self, seconds: float) -> None:
        """Count a duration.

        Raises:
            ValueError: it is below 0, infinite or not a number.
        """
        if seconds >= SMALLEST and seconds != math.inf:
            bucket = math.ceil(math.log(seconds) * self._scale)
            self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        elif 0 <= seconds < SMALLEST:
            self.zeros += 1
        else:
            raise ValueError(f"a duration must be 0 seconds or more and finite, got {seconds!r}")
        self.count += 1
        self.total += seconds

    def quantile(self, q: float) -> float:
        """Return the duration, in seconds, that a share `q` of all durations does not exceed.

        That is the one at place `floor(q · (count - 1))` in order of size, from 0: `q` = 0.5 gives
        the (lower) median, 0 the least and 1 the greatest. Right to within `accuracy`, relatively.
        Not a number if nothing has been recorded.

        Raises:
            ValueError: `q` is not between 0 and 1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"q must be between 0 and 1, got {q!r}; 0.95 for the 95th percentile")
        if not self.count:
            return math.nan
        to_go = math.floor(q * (self.count - 1)) - self.zeros
        if to_go < 0:
            return 0.0
        for bucket in sorted(self._buckets):
            to_go -= self._buckets[bucket]
            if to_go < 0:
                break
        return self._middle(bucket)

    @property
    def mean(self) -> float:
        """The mean duration, in seconds, exact; not a number if nothing has been recorded."""
        return self.total / self.count if self.count else math.nan

    @property
    def size(self) -> int:
        """How many buckets are in use, which is what the memory it takes depends on."""
        return len(self._buckets)

    def copy(self) -> Self:
        """Return a histogram of the same durations that no longer changes with this one."""
        return self._plus(type(self)(self.accuracy), 1)

    def __add__(self, other: Self) -> Self:
        """Return the histogram of the durations of both.

        Raises:
            ValueError: they differ in accuracy.
        """
        return self._plus(other, 1)

    def __sub__(self, earlier: Self) -> Self:
        """Return the histogram of what was recorded since `earlier`, which is an older copy.

        Raises:
            ValueError: they differ in accuracy.
        """
        return self._plus(earlier, -1)

    def __repr__(self) -> str:
        return f"<Histogram: {self.count} durations, median {self.quantile(0.5):.3g} s>"

    def _middle(self, bucket: int) -> float:
        """Return the value from which both ends of a bucket are equally far, relatively."""
        return math.exp(bucket / self._scale) * (1 - self.accuracy)

    def _plus(self, other: Self, sign: int) -> Self:
        if other.accuracy != self.accuracy:
            raise ValueError(
                "histograms can be combined if they have the same accuracy, "
                f"got {self.accuracy} and {other.accuracy}"
            )
        result = type(self)(self.accuracy)
        result.count = self.count + sign * other.count
        result.total = self.total + sign * other.total
        result.zeros = self.zeros + sign * other.zeros
        for bucket in self._buckets | other._buckets:
            count = self._buckets.get(bucket, 0) + sign * other._buckets.get(bucket, 0)
            if count:
                result._buckets[bucket] = count
        return result
