"""The one record of what happened in a run; pictures, metrics and grades are all drawn from it.

A trace is a list of events, each saying "at this time, this happened to this item at this stage".
Every item that enters gets a number, 0, 1, 2, …, and keeps it through all stages:

    source                  stage "parse"                      sink
    finished ── queued ── started ── finished ── … ── queued ── started
           blocked   waiting    working     blocked        waiting

From `finished` at one stage to `queued` at the next, a worker holds a finished item and waits for
room: it is *blocked*. A worker with nothing to do is *starved*. All else is derived from events.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline_kit.events import SINK, SOURCE, Envelope, Event, Kind, StageShape
from pipeline_kit.marks import Mark
from pipeline_kit.spans import Span, State, spans_of_items, with_starved
from pipeline_kit.steps import Steps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "SINK",
    "SOURCE",
    "Counts",
    "Envelope",
    "Event",
    "Kind",
    "Span",
    "StageShape",
    "State",
    "Trace",
]


class Counts(NamedTuple):
    """Where all the items are at one moment.

    `entered = out + filtered + dropped + failed + in_flight`
    """

    entered: int
    out: int
    dropped: int
    failed: int
    in_flight: int
    filtered: int = 0


@dataclass
class Trace:
    """The events of one run, in order of time, and what can be read from them.

    Args:
        stages: the stages from left to right, the sink (in front of which the results wait) last.
        events: the events so far.
        marks: what layers did inside of calls so far, such as a cache hit, in order of time.
    """

    stages: Sequence[StageShape]
    events: list[Event] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    _spans_so_far: tuple[int, dict[int, list[Span]]] = field(
        default=(0, {}), init=False, repr=False, compare=False
    )

    def of(self, stage: str, *kinds: Kind) -> list[Event]:
        """Return the events of `stage` that are of one of the `kinds`, in order of time."""
        return [e for e in self.events if e.stage == stage and e.kind in kinds]

    @property
    def makespan(self) -> float:
        """Seconds from the start of the run to the last event."""
        return self.events[-1].time if self.events else 0.0

    def counts(self, time: float) -> Counts:
        """Return how many items have entered, come out, been filtered or lost by `time`."""
        last = {e.item: e for e in self.events if e.time <= time}
        entered = [e for e in self.of(SOURCE, "finished") if e.time <= time]
        out = [e for e in last.values() if e.stage == SINK and e.kind == "started"]
        dropped = [e for e in last.values() if e.kind == "dropped"]
        failed = [e for e in last.values() if e.kind == "failed"]
        filtered = [e for e in last.values() if e.kind == "filtered"]
        in_flight = len(last) - len(out) - len(dropped) - len(failed) - len(filtered)
        return Counts(
            len(entered), len(out), len(dropped), len(failed), in_flight, filtered=len(filtered)
        )

    def depth(self, stage: str) -> Steps:
        """Return how many items there were in the channel in front of `stage`, over time.

        Where a trace has no `queued` events (the channels of a graded run are the student's own),
        these are the items that the stage before has finished and this one has not started.

        Raises:
            ValueError: there is no such stage.
        """
        seen = any(event.kind == "queued" for event in self.events)
        before = self._stage_before(stage)
        arrived = self.of(stage, "queued") if seen else self.of(before, "finished")
        gone = self.of(stage, "started", "dropped")
        return Steps.accumulate([(e.time, 1) for e in arrived] + [(e.time, -1) for e in gone])

    def completions(self, stage: str) -> list[float]:
        """Return when `stage` finished each of its items, in seconds; the sink, when it got it."""
        return [e.time for e in self.of(stage, "started" if stage == SINK else "finished")]

    def throughput(self, stage: str, window: float = 1.0) -> Steps:
        """Return the items per second that `stage` finished, over the last `window` seconds.

        Raises:
            ValueError: `window` is 0 or less.
        """
        if not window > 0:
            raise ValueError(f"window must be above 0 seconds, got {window!r}")
        done = self.completions(stage)
        enter = [(time, 1) for time in done]
        # To the nanosecond: what leaves just when something enters is to make no jump.
        ends = [round(time + window, 9) for time in done]
        leave = [(end, -1) for end in ends if end <= self.makespan]
        return Steps.accumulate(enter + leave, unit=window)

    def spans(self) -> dict[int, list[Span]]:
        """Return for each item what it went through, one span after the other."""
        if self._spans_so_far[0] != len(self.events):
            names = [shape.name for shape in self.stages]
            spans = spans_of_items(self.events, names, self.makespan)
            self._spans_so_far = (len(self.events), spans)
        return self._spans_so_far[1]

    def path(self, item: int) -> list[Span]:
        """Return what `item` went through: waiting, being worked on, blocked.

        Raises:
            KeyError: no such item has entered.
        """
        return self.spans()[item]

    def lane(self, stage: str, worker: int = 0) -> list[Span]:
        """Return what one worker did from 0 to the end of the run: working, blocked or starved."""
        busy = [
            span
            for path in self.spans().values()
            for span in path
            if (span.stage, span.worker) == (stage, worker) and span.state != "waiting"
        ]
        return with_starved(busy, stage, worker, self.makespan)

    def utilisation(self, stage: str) -> float:
        """Return the share of time, from 0 to 1, that the workers of `stage` spent working.

        Raises:
            KeyError: there is no such stage.
        """
        return self.share(stage, "working")

    def share(self, stage: str, state: State) -> float:
        """Return the share of time, from 0 to 1, that the workers of `stage` spent in `state`.

        Raises:
            KeyError: there is no such stage.
        """
        workers = {shape.name: shape.workers for shape in self.stages}[stage]
        spent = sum(
            span.end - span.start
            for path in self.spans().values()
            for span in path
            if (span.stage, span.state) == (stage, state)
        )
        return spent / (workers * self.makespan) if self.makespan else 0.0

    @property
    def bottleneck(self) -> str:
        """Name of the stage whose workers are busy for the greatest share of the time.

        Raises:
            ValueError: there is no stage.
        """
        return max((s.name for s in self.stages if s.name != SINK), key=self.utilisation)

    def table(self) -> list[dict[str, Any]]:
        """Return the events as rows of plain values, for `csv.DictWriter` or a data frame."""
        return [event._asdict() for event in self.events]

    def plot(self) -> "Figure":
        """Draw the run with matplotlib: a lane for each worker, queue depths, throughput."""
        # Imported here because matplotlib is slow to import, and not everyone has it.
        from pipeline_kit.live.static import plot_trace

        return plot_trace(self)

    def _stage_before(self, stage: str) -> str:
        names = [SOURCE, *(shape.name for shape in self.stages)]
        return names[names.index(stage) - 1]
