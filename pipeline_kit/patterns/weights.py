"""Weights: a bound for items that differ in size, such as bytes, beside the bound on their number.

    queue      [ page   image     page  ]
    weights      4 kB   900 kB    6 kB         910 kB, of at most 1 MB

An item is weighed when it comes, and its weight kept until it goes: an item may change meanwhile.
"""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Generic, TypeVar

from pipeline_kit.events import bare

T = TypeVar("T")


class Weights(Generic[T]):
    """The weights of what is in a queue, in its order, and their sum.

    Args:
        most: the greatest sum; `math.inf` for none, and then nothing is weighed.
        weigh: the weight of an item.

    Raises:
        ValueError: `most` is not above 0.
    """

    def __init__(self, most: float, weigh: Callable[[T], float]) -> None:
        if not most > 0:
            raise ValueError(f"max_weight must be above 0, got {most!r}")
        self.most = most
        self.total = 0.0
        """The sum of the weights."""
        self._weigh = weigh
        self._weights: deque[float] = deque()

    def of(self, item: T) -> float:
        """Return the weight of an item; 0 if there is no bound."""
        return 0 if self.most == inf else self._weigh(bare(item))

    def fit(self, item: T) -> bool:
        """Tell whether the sum would stay within the bound with `item` as well."""
        return self.total + self.of(item) <= self.most

    def append(self, item: T) -> None:
        """Add the weight of an item that has come."""
        weight = self.of(item)
        self._weights.append(weight)
        self.total += weight

    def popleft(self) -> None:
        """Take away the weight of the item that came first."""
        self.total -= self._weights.popleft()
        if not self._weights:
            self.total = 0.0  # where weights are fractions, their sums may not add up
