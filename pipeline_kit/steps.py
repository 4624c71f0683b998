"""Step functions: a quantity over time that jumps and then stays, such as the depth of a queue."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Steps:
    """A quantity that becomes `values[i]` at `times[i]` and stays so until `times[i + 1]`.

    Before the first time it is 0. The value at a jump is the one after it.
    """

    times: tuple[float, ...]
    """Seconds, in increasing order."""
    values: tuple[float, ...]
    """As many as there are times, in the quantity's unit."""

    @classmethod
    def accumulate(cls, changes: Iterable[tuple[float, int]], *, unit: float = 1.0) -> "Steps":
        """Add up `(time, change)` pairs; the changes of one instant make one jump.

        Each value is the sum so far divided by `unit`.
        """
        per_instant: Counter[float] = Counter()
        for time, change in changes:
            per_instant[time] += change
        times = sorted(per_instant)
        total, values = 0, []
        for time in times:
            total += per_instant[time]
            values.append(total / unit)
        return cls(tuple(times), tuple(values))

    def at(self, time: float) -> float:
        """Return the value at `time`, in seconds."""
        index = bisect_right(self.times, time)
        return self.values[index - 1] if index else 0.0

    @property
    def maximum(self) -> float:
        """The greatest value, 0 if there is none above."""
        return max(self.values, default=0.0)

    def mean(self, end: float) -> float:
        """Return the average over time from 0 to `end`, in seconds."""
        if not end > 0:
            return 0.0
        borders = (*(min(time, end) for time in self.times), end)
        lengths = (after - before for before, after in pairwise(borders))
        areas = (value * length for value, length in zip(self.values, lengths, strict=True))
        return sum(areas) / end

    def intervals_at_least(self, level: float, end: float) -> list[tuple[float, float]]:
        """Return the stretches `(from, to)`, until `end`, with a value of `level` or more."""
        stretches: list[tuple[float, float]] = []
        borders = pairwise((*self.times, end))
        for (start, following), value in zip(borders, self.values, strict=True):
            stop = min(following, end)
            if value < level or stop <= start:
                continue
            if stretches and stretches[-1][1] == start:
                stretches[-1] = (stretches[-1][0], stop)
            else:
                stretches.append((start, stop))
        return stretches
