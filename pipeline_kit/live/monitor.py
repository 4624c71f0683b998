"""Follow a running pipeline by its counters: a sample at a fixed rate, never a message per item.

So what it costs to look does not depend on how many items pass, and nothing at all is done on their
way. The samples are enough for queue depths, throughput, and to find the bottleneck.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from operator import attrgetter, sub
from statistics import fmean
from typing import Any

from pipeline_kit.pipeline import Run

WINDOW = 1.0
"""Throughput is counted over this many seconds, the bottleneck is looked for over twice as many."""

BUSY_ENOUGH = 0.05
"""Where workers are seen at work in a smaller share of samples, the queues are the better sign."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The counters of a run at one moment; in each list one number per stage, the sink last."""

    time: float
    """Seconds since the run was started."""
    entered: int
    """Items the source has sent so far."""
    depth: list[int]
    """Items in the channel in front of the stage."""
    taken: list[int]
    """Items the stage has taken so far; for the sink, results that have come out."""
    working: list[int]
    """Workers that are working on an item."""
    blocked: list[int]
    """Workers that hold a result and wait for room."""
    lost: list[int]
    """Items that failed at the stage and were skipped, so far."""
    throughput: float
    """Items per second that came out during the last second."""
    bottleneck: int | None
    """Index of the stage that limits the run, None if there is none to be seen."""

    def as_data(self) -> dict[str, Any]:
        """Return the sample as plain values for the browser."""
        return asdict(self)


class Monitor:
    """Takes samples of one run.

    Args:
        workers: how many each stage has, from left to right.
        capacities: of the channels in front of them and, last, in front of the sink; in items.
    """

    def __init__(self, workers: Sequence[int], capacities: Sequence[float]) -> None:
        self._workers, self._capacities = workers, capacities
        self.samples: list[Sample] = []
        """All samples so far, in order of time."""

    def look(self, run: Run, time: float, out: int) -> Sample:
        """Add a sample of `run` at `time`, in seconds, when `out` results have been taken."""
        stages = run.metrics
        # At a rendezvous nothing lies in between: the result is already in the sink's hands.
        waiting = min(stages[-1].passed_on - out, self._capacities[-1])
        lost = [_skipped(run, stage.name) for stage in stages]
        held = [stage.taken - stage.passed_on - stage.blocked for stage in stages]
        sample = Sample(
            time=round(time, 4),
            entered=stages[0].queue.sent,
            depth=[*(stage.queue.depth for stage in stages), int(waiting)],
            taken=[*(stage.taken for stage in stages), out],
            working=[*map(sub, held, lost), 0],
            blocked=[*(stage.blocked for stage in stages), 0],
            lost=[*lost, 0],
            throughput=self._throughput(time, out),
            bottleneck=self._bottleneck(time),
        )
        self.samples.append(sample)
        return sample

    def _since(self, time: float) -> list[Sample]:
        return self.samples[bisect_left(self.samples, time, key=attrgetter("time")) :]

    def _throughput(self, time: float, out: int) -> float:
        recent = self._since(time - WINDOW)
        if not recent or time <= recent[0].time:
            return 0.0
        return round((out - recent[0].taken[-1]) / (time - recent[0].time), 2)

    def _bottleneck(self, time: float) -> int | None:
        """Find the stage whose workers are at work most often.

        A stage that is done with its item before anyone can look is told by its queue: then it is
        the last whose queue is more than half full on average, since those after it keep up.
        """
        recent, stages = self._since(time - 2 * WINDOW), range(len(self._workers))
        if not recent:
            return None
        busy = [fmean(s.working[i] for s in recent) / self._workers[i] for i in stages]
        if max(busy) > BUSY_ENOUGH:
            return max(stages, key=lambda i: busy[i])
        full = [i for i in stages if self._fill(i, recent) > 0.5]
        return full[-1] if full else None

    def _fill(self, stage: int, samples: Sequence[Sample]) -> float:
        mean, capacity = fmean(s.depth[stage] for s in samples), self._capacities[stage]
        if math.isinf(capacity):
            return mean  # without a bound, a queue that does not empty is as good as full
        return mean / capacity if capacity else 0.0


def _skipped(run: Run, stage: str) -> int:
    return sum(count for (where, _), count in run.errors.counts.items() if where == stage)
