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


class PeakEwma(Strategy):
    """The one with the lowest latency · (items in hand + 1), where latency remembers its peaks.

    A worker's latency jumps up to any higher value that is seen, and approaches lower ones as a
    moving average does; while nothing is seen of the worker, it falls, so that a worker that was
    slow is tried again. The algorithm is that of Twitter's Finagle and Linkerd.

    Args:
        decay_time: seconds in which what was seen before loses 63 % of its importance.

    Raises:
        ValueError: `decay_time` is not above 0.
    """

    def __init__(self, decay_time: float = 10.0) -> None:
        if not decay_time > 0:
            raise ValueError(f"decay_time must be above 0 seconds, got {decay_time!r}")
        self.decay_time = decay_time
        self._seen: dict[int, tuple[float, float]] = {}  # latency, and when it was that
        self._rank: dict[int, float] = {}

    def choose(self, workers: Sequence[Candidate]) -> int:
        """Return the one with the lowest cost; those never seen go first, one item each.

        Costs are compared by their logarithms, less what all have in common: as all latencies fall
        at the same rate, their order does not depend on the time.
        """
        chosen, lowest = 0, math.inf
        for index, worker in enumerate(workers):
            pending = worker.pending
            cost = self._rank.get(worker.number, _FAR * pending or -_FAR)
            if pending:
                cost += math.log(pending + 1)
            if cost < lowest:
                chosen, lowest = index, cost
        return chosen

    def observe(self, worker: Candidate, seconds: float, now: float) -> None:
        """Let the worker's latency jump up, or approach `seconds` from above."""
        latency, then = self._seen.get(worker.number, (0.0, now))
        if seconds < latency:
            memory = math.exp((then - now) / self.decay_time)
            seconds = latency * memory + seconds * (1 - memory)
        self._seen[worker.number] = (seconds, now)
        self._rank[worker.number] = math.log(seconds or 1e-9) + now / self.decay_time


_FAR = 1e12
"""Above the logarithm of any cost; its negative is below."""
