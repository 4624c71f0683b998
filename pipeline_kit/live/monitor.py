"""Follow a running pipeline by its counters: a sample at a fixed rate, never a message per item.

So what it costs to look does not depend on how many items pass, and nothing at all is done on their
way. The samples are enough for queue depths, throughput, and to find the bottleneck.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from statistics import fmean
from typing import Any

from pipeline_kit.errors import StageError
from pipeline_kit.pipeline import Run
from pipeline_kit.stage import Stage
from pipeline_kit.stage_metrics import StageMetrics

WINDOW = 1.0
"""Throughput is counted over this many seconds, the bottleneck is looked for over twice as many."""

BUSY = 0.3
"""A stage that works for less than this share of the time is no bottleneck: it mostly waits."""

ALIKE = 0.95
"""Stages that are busy for at least this part of what the busiest is count as equally busy."""


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
    dropped: list[int]
    """Items that the channel in front of the stage has discarded so far."""
    filtered: list[int]
    """Items that the stage has filtered so far, which is no loss."""
    waited: list[float]
    """Seconds that the workers were starved or blocked so far, summed over all of them."""
    throughput: float
    """Items per second that came out during the last second."""
    bottleneck: int | None
    """Index of the stage that limits the run, None if none is busy."""

    def as_data(self) -> dict[str, Any]:
        """Return the sample as plain values for the browser."""
        return asdict(self)


class Monitor:
    """Takes samples of one run.

    Args:
        stages: the stages of its pipeline, from left to right.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self.samples: list[Sample] = []
        """All samples so far, in order of time."""

    def look(self, run: Run, time: float, out: int) -> Sample:
        """Add a sample of `run` at `time`, in seconds, when `out` results have been taken."""
        stages = run.metrics
        sample = Sample(
            time=round(time, 4),
            entered=stages[0].queue.sent,
            depth=[*(stage.queue.depth for stage in stages), stages[-1].behind.depth],
            taken=[*(stage.taken for stage in stages), out],
            working=[*(stage.working for stage in stages), 0],
            blocked=[*(stage.blocked for stage in stages), 0],
            lost=[*(stage.skipped for stage in stages), 0],
            dropped=[*(stage.queue.dropped for stage in stages), 0],
            filtered=[*(stage.filtered for stage in stages), 0],
            waited=[*map(_waited, stages), 0.0],
            throughput=self._throughput(time, out),
            bottleneck=self._bottleneck(stages, time),
        )
        self.samples.append(sample)
        return sample

    def count(self, error: BaseException) -> None:
        """Count the item of a `StageError` that has ended the run among those lost."""
        names = [stage.name for stage in self._stages]
        if isinstance(error, StageError) and error.stage in names:
            at, last = names.index(error.stage), self.samples[-1]
            lost, working = last.lost.copy(), last.working.copy()
            lost[at] += 1
            working[at] -= 1
            self.samples[-1] = replace(last, lost=lost, working=working)

    def _since(self, time: float) -> list[Sample]:
        return self.samples[bisect_left(self.samples, time, key=attrgetter("time")) :]

    def _throughput(self, time: float, out: int) -> float:
        # From the last sample that is old enough: if the loop was held up, there may be none since.
        at = bisect_right(self.samples, time - WINDOW, key=attrgetter("time")) - 1
        if not self.samples or time <= (before := self.samples[max(at, 0)]).time:
            return 0.0
        return round((out - before.taken[-1]) / (time - before.time), 2)

    def _bottleneck(self, stages: Sequence[StageMetrics], time: float) -> int | None:
        """Find the stage whose workers were busy for the greatest share of the last two seconds.

        Where all are busy all the time, because they share one processor, it is the last of them
        whose queue is more than half full on average, since those after it keep up.
        """
        recent = self._since(time - 2 * WINDOW)
        if not recent or time <= recent[0].time:
            return None
        busy = [self._busy(at, stage, recent[0], time) for at, stage in enumerate(stages)]
        busiest = [at for at, share in enumerate(busy) if share >= ALIKE * max(busy)]
        full = [at for at in busiest if _fill(at, recent, stages[at].queue.capacity) > 0.5]
        return [*busiest[:1], *full][-1] if max(busy) >= BUSY else None

    def _busy(self, at: int, stage: StageMetrics, before: Sample, time: float) -> float:
        if stage.behind.closed:  # its workers have left: they do not wait, but neither do they work
            return 0.0
        workers, lapse = self._stages[at].workers, time - before.time
        return 1 - (_waited(stage) - before.waited[at]) / (workers * lapse)


def _fill(at: int, samples: Sequence[Sample], capacity: float) -> float:
    mean = fmean(sample.depth[at] for sample in samples)
    if math.isinf(capacity):
        return mean  # without a bound, a queue that does not empty is as good as full
    return mean / capacity if capacity else 0.0


def _waited(stage: StageMetrics) -> float:
    return stage.queue.receivers_waited + stage.behind.senders_waited
