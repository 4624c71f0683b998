"""Strategies: which worker gets the next item. Used by a `LoadBalancer`, one strategy for each.

    strategy                  looks at                          does well when
    FirstFree                 who is free                       there is a single dispatcher
    RoundRobin                whose turn it is                  workers and items are all alike
    SmoothWeightedRoundRobin  the same, and weights             workers differ, as is known before
    LeastLoaded               items in hand                     workers differ, as is not known
    PowerOfTwoChoices         the same, of two at random        there are many workers
    PeakEwma                  items in hand and latency         some worker is slow, now and then

`FirstFree` is a shared queue from which the workers help themselves. It is the honest baseline: the
others send an item to one worker at once, where it waits although another one may be free by then.
They beat the baseline only where some worker is so slow that it had better get nothing. They are
for where a shared queue cannot be: with endpoints that take all they are sent, whose free slots
nobody knows, or with several dispatchers that do not know of each other.
"""

import math
import random
from collections.abc import Sequence

from pipeline_kit.patterns.peak_ewma import PeakEwma
from pipeline_kit.patterns.strategy import Candidate, Strategy

__all__ = [
    "Candidate",
    "FirstFree",
    "LeastLoaded",
    "PeakEwma",
    "PowerOfTwoChoices",
    "RoundRobin",
    "SmoothWeightedRoundRobin",
    "Strategy",
]


class FirstFree(Strategy):
    """Whoever is free; if nobody is, whoever is free first, and items wait in one shared line."""

    def __init__(self) -> None:
        self._turn = RoundRobin()

    def choose(self, workers: Sequence[Candidate]) -> int | None:
        """Return one that is free; of several, the one whose turn it is."""
        free = [index for index, worker in enumerate(workers) if worker.free]
        return self._turn.choose_among(free, workers) if free else None


class RoundRobin(Strategy):
    """One after the other, in turn."""

    def __init__(self) -> None:
        self._last = -1

    def choose(self, workers: Sequence[Candidate]) -> int:
        """Return the one whose turn it is, passing over who is not there."""
        return self.choose_among(range(len(workers)), workers)

    def choose_among(self, indices: Sequence[int], workers: Sequence[Candidate]) -> int:
        """Return the one of `indices` whose turn it is."""
        chosen = indices[0]
        if workers[indices[-1]].number > self._last:
            for index in indices:
                if workers[index].number > self._last:
                    chosen = index
                    break
        self._last = workers[chosen].number
        return chosen


class SmoothWeightedRoundRobin(Strategy):
    """In turn, in proportion to the weights, and evenly mixed: 5, 1, 1 gives a a b a c a a.

    The algorithm is nginx's: each worker's credit grows by its weight; the one with the most
    credit is chosen, and pays the sum of all weights.
    """

    def __init__(self) -> None:
        self._credit: dict[int, float] = {}

    def choose(self, workers: Sequence[Candidate]) -> int:
        """Return the one with the most credit."""
        total, chosen, most = 0.0, 0, -math.inf
        for index, worker in enumerate(workers):
            credit = self._credit.get(worker.number, 0.0) + worker.weight
            self._credit[worker.number] = credit
            total += worker.weight
            if credit > most:
                chosen, most = index, credit
        self._credit[workers[chosen].number] -= total
        return chosen


class LeastLoaded(Strategy):
    """The one with the fewest items in hand for its weight; of equals, the one whose turn it is."""

    def __init__(self) -> None:
        self._turn = RoundRobin()

    def choose(self, workers: Sequence[Candidate]) -> int:
        """Return the one with the least load."""
        least, equals = math.inf, [0]
        for index, worker in enumerate(workers):
            load = (worker.pending + 1) / worker.weight
            if load < least:
                least, equals = load, [index]
            elif load == least:
                equals.append(index)
        return self._turn.choose_among(equals, workers)


class PowerOfTwoChoices(Strategy):
    """Of two at random, the one with fewer items in hand for its weight.

    Nearly as even as the least loaded of all, without looking at all of them (Mitzenmacher, "The
    power of two choices in randomized load balancing", 2001). And if several dispatchers go by old
    news, they do not all rush to the same worker.

    Args:
        seed: makes the choices the same in every run; None for others each time.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed).random

    def choose(self, workers: Sequence[Candidate]) -> int:
        """Return the better one of two different ones."""
        if len(workers) == 1:
            return 0
        one = int(self._random() * len(workers))
        other = int(self._random() * (len(workers) - 1))
        other += other >= one
        a, b = workers[one], workers[other]
        return one if (a.pending + 1) * b.weight <= (b.pending + 1) * a.weight else other
