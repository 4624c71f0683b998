"""The parameters of a check: what it draws its worlds from.

Where the numbers come from is no concern of a check: in a grading, from hypothesis (see `search`);
in a search over schedules, from a seed of its own.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Draws the parameters of one run of a check.

    Args:
        below: returns a whole number from 0 up to, but not including, its argument. The smaller
            the numbers it returns, the simpler is what is drawn.
    """

    def __init__(self, below: Callable[[int], int]) -> None:
        self._below = below

    def randrange(self, stop: int) -> int:
        """Return a whole number from 0 up to, but not including, `stop`."""
        return self._below(stop)

    def randint(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        return least + self._below(most - least + 1)

    def choice(self, choices: Sequence[T]) -> T:
        """Return one of `choices`, the first of which should be the simplest."""
        return choices[self._below(len(choices))]

    def sample(self, choices: Sequence[T], number: int) -> list[T]:
        """Return `number` of `choices`, none of them twice, in any order."""
        left = list(choices)
        return [left.pop(self._below(len(left))) for _ in range(number)]

    def items(self, least: int = 7, most: int = 11) -> list[int]:
        """Return between `least` and `most` different items, all above 0."""
        return self.sample(range(10, 100), self.randint(least, most))

    def beat(self) -> float:
        """Return a time in seconds that is exact as a binary fraction."""
        return self.choice([1.0, 2.0, 4.0, 0.5, 0.25])
