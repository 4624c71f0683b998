"""Peak EWMA: send the next item to the worker that will be quickest, going by what it took before.

Of a worker that is slow now and then, its latency tells sooner than the items it has in hand. But a
plain average forgets a peak too soon, and remembers it too long. So the average here jumps up at
once, and falls slowly: an exponentially weighted moving average (EWMA) that remembers its peaks.

    average latency
        │   ╭╮
        │   │ ╲__               slow for one item: from then on it gets few,
        │───╯    ╲_______       until that is nearly forgotten
"""

import math
from collections.abc import Sequence

from pipeline_kit.patterns.strategy import Candidate, Strategy


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
        self._latest = 0.0

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
        if now < self._latest:  # another clock, where the times of the old one mean nothing
            self._seen.clear()
            self._rank.clear()
        self._latest = now
        latency, then = self._seen.get(worker.number, (0.0, now))
        if seconds < latency:
            memory = math.exp((then - now) / self.decay_time)
            seconds = latency * memory + seconds * (1 - memory)
        self._seen[worker.number] = (seconds, now)
        self._rank[worker.number] = math.log(seconds or 1e-9) + now / self.decay_time


_FAR = 1e12
"""Above the logarithm of any cost; its negative is below."""
