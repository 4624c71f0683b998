"""What the metrics of a run are at one moment, and what can be read from them.

Snapshots are plain values that do not change any more. They hold totals; rates and shares are
derived. So `later - earlier` is a snapshot too, of what happened between the two.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Self

from pipeline_kit.channel_statistics import ChannelStatistics
from pipeline_kit.patterns.histogram import Histogram
from pipeline_kit.trace import SINK, SOURCE


@dataclass(frozen=True, slots=True)
class Calls:
    """What a `Metrics` layer has counted."""

    in_flight: int
    """Calls that go on at this moment."""
    errors: Counter[str]
    """Calls that failed, by name of the exception's type."""
    cancelled: int
    """Calls that were cancelled."""
    worked: float
    """Seconds spent in calls, summed over all of them, also those that go on."""
    latency: Histogram
    """How long the calls took that returned a result, in seconds."""

    @property
    def completed(self) -> int:
        """Calls that returned a result."""
        return self.latency.count

    @property
    def error_rate(self) -> float:
        """The share, from 0 to 1, of the calls that ended by themselves and failed."""
        failed = self.errors.total()
        return failed / (failed + self.completed) if failed else 0.0

    def __sub__(self, earlier: Self) -> Self:
        return replace(
            self,
            errors=self.errors - earlier.errors,
            cancelled=self.cancelled - earlier.cancelled,
            worked=self.worked - earlier.worked,
            latency=self.latency - earlier.latency,
        )


@dataclass(frozen=True, slots=True)
class StageSnapshot:
    """What a stage has done in a stretch of time, and how it stands at its end."""

    name: str
    workers: int
    elapsed: float
    """Seconds."""
    calls: Calls
    """Counts, errors and latency of the calls of its function."""
    starved: float
    """Seconds that workers waited for an item, summed over the workers."""
    blocked: float
    """Seconds that workers waited, with a result in hand, for room behind the stage; likewise."""
    queue: ChannelStatistics
    """The channel in front: its depth now, its peak depth since the run began."""

    @property
    def throughput(self) -> float:
        """Results per second."""
        return self.calls.completed / self.elapsed if self.elapsed else 0.0

    @property
    def utilisation(self) -> float:
        """The share, from 0 to 1, of their time that the workers spent working."""
        return self.calls.worked / (self.workers * self.elapsed) if self.elapsed else 0.0

    @property
    def p50(self) -> float:
        """The latency, in seconds, that half of the calls did not exceed."""
        return self.calls.latency.quantile(0.50)

    @property
    def p95(self) -> float:
        """The latency, in seconds, that 95 % of the calls did not exceed."""
        return self.calls.latency.quantile(0.95)

    @property
    def p99(self) -> float:
        """The latency, in seconds, that 99 % of the calls did not exceed."""
        return self.calls.latency.quantile(0.99)

    def __sub__(self, earlier: Self) -> Self:
        return replace(
            self,
            elapsed=self.elapsed - earlier.elapsed,
            calls=self.calls - earlier.calls,
            starved=self.starved - earlier.starved,
            blocked=self.blocked - earlier.blocked,
        )


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """What a run has done in a stretch of time, and how it stands at its end."""

    elapsed: float
    """Seconds."""
    stages: tuple[StageSnapshot, ...]
    """The stages from left to right."""
    source_blocked: float
    """Seconds that the source waited for room in front of the first stage."""
    source_ended: bool
    """Whether the source has nothing more to give."""
    sink_starved: float
    """Seconds that whoever takes the results waited for one."""

    def __getitem__(self, name: str) -> StageSnapshot:
        """Return the stage of that name.

        Raises:
            KeyError: there is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(f"no stage {name!r}, only {', '.join(s.name for s in self.stages)}")

    @property
    def utilisation(self) -> dict[str, float]:
        """The share of their time, from 0 to 1, that the stages worked; also of source and sink.

        Those two count only if somebody waits for them, and are taken to work while they do not
        wait. A source that has ended is left out: it limits nothing any more.
        """
        shares = {stage.name: stage.utilisation for stage in self.stages}
        if not self.elapsed:  # in no time nobody waits, but for what sums of floats are out by
            return shares
        if self.stages[0].starved and not self.source_ended:
            shares[SOURCE] = 1 - self.source_blocked / self.elapsed
        if self.stages[-1].blocked:
            shares[SINK] = 1 - self.sink_starved / self.elapsed
        return shares

    @property
    def bottleneck(self) -> str:
        """Name of what limits the run: of stages, source and sink the one with most work to do."""
        shares = self.utilisation
        return max(shares, key=lambda name: shares[name])

    def __sub__(self, earlier: Self) -> Self:
        return replace(
            self,
            elapsed=self.elapsed - earlier.elapsed,
            stages=tuple(s - e for s, e in zip(self.stages, earlier.stages, strict=True)),
            source_blocked=self.source_blocked - earlier.source_blocked,
            sink_starved=self.sink_starved - earlier.sink_starved,
        )

    def __str__(self) -> str:
        """Return a table, a line for each stage, and the bottleneck below it."""
        lines = [_ROW.format(*_HEADER), *map(_row, self.stages)]
        return "\n".join([*lines, f"bottleneck: {self.bottleneck}"])


_HEADER = ("stage", "done", "failed", "items/s", "p50 ms", "p99 ms", "busy", "starved", "blocked")
_ROW = "{:<12} {:>8} {:>7} {:>9} {:>9} {:>9} {:>6} {:>8} {:>8}"


def _row(stage: StageSnapshot) -> str:
    time = stage.workers * stage.elapsed or 1.0
    return _ROW.format(
        stage.name,
        stage.calls.completed,
        stage.calls.errors.total(),
        f"{stage.throughput:.1f}",
        f"{1000 * stage.p50:.1f}",
        f"{1000 * stage.p99:.1f}",
        f"{stage.utilisation:.0%}",
        f"{stage.starved / time:.0%}",
        f"{stage.blocked / time:.0%}",
    )
