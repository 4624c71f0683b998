"""Why an item was late: what it spent its time on, and which other items were in its way.

    waiting    in front of a stage, while its workers have others in hand
    working    being worked on; the only part that a faster worker makes shorter
    blocked    finished, but held: the next stage takes nothing, or an earlier item must go first

An item's time in the pipeline is the sum of these, so one look tells what to change: more workers
where it waits, the stage behind where it is blocked, the function where it is worked on.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline_kit.trace import SOURCE, Span, Trace

NOTABLE = 0.1
"""What a stage further on was busy with for less than this share of the time is not mentioned."""

MOMENT = 1e-9
"""Seconds that are none: what is left when times are added up in another order."""


@dataclass(frozen=True, slots=True)
class Delay:
    """A stretch of an item's time, and what was in its way then."""

    span: Span
    """Where the item was, in what state, from when to when."""
    place: str = ""
    """The stage that was not ready for it; empty while the item was worked on itself."""
    behind: tuple[int, ...] = ()
    """The items that were in the way, in order of number."""
    worker: int | None = None
    """The one worker it had to wait for, although another was free; None if any would do."""
    root: "tuple[str, tuple[int, ...]] | None" = None
    """Where those were themselves only held: the stage further on that was at work, and on what."""

    @property
    def ways(self) -> list[tuple[str, tuple[int, ...]]]:
        """All that was in the way: stages, each with the items it had in hand."""
        found = [(self.place, self.behind)] if self.place else []
        return [*found, self.root] if self.root else found

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.span.end - self.span.start


class Delays:
    """Finds for each item of a trace what held it up.

    Args:
        trace: the run, which is not to go on meanwhile.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._held: dict[str, list[Span]] = defaultdict(list)
        for path in trace.spans().values():
            for span in path:
                if span.state in ("working", "blocked"):
                    self._held[span.stage].append(span)
        for held in self._held.values():
            held.sort(key=_start)
        self._longest = {
            stage: max(span.end - span.start for span in held) for stage, held in self._held.items()
        }
        self._worker = {(e.stage, e.item): e.worker for e in trace.events if e.kind == "started"}
        self._workers = {shape.name: shape.workers for shape in trace.stages}
        self._names = [SOURCE, *self._workers]
        self._routed = {
            stage for stage, count in self._workers.items() if count > 1 and self._is_routed(stage)
        }

    def latency(self, item: int) -> float:
        """Return the seconds from the moment `item` entered to the last thing that happened to it.

        Raises:
            KeyError: no such item has entered.
        """
        path = self._trace.path(item)
        return path[-1].end - path[0].start if path else 0.0

    def of(self, item: int) -> list[Delay]:
        """Return what `item` went through, with the items that were in its way at each stretch.

        Raises:
            KeyError: no such item has entered.
        """
        return [self._delay(span) for span in self._trace.path(item)]

    def _delay(self, span: Span) -> Delay:
        if span.state == "working":
            return Delay(span)
        place = span.stage
        if span.state == "blocked":
            place = self._after(span.stage)
        others = self._held_at(place, span)
        worker = self._only_worker(place, span, others)
        if place in self._routed:
            own = self._worker.get((place, _item(span)))
            others = [other for other in others if other.worker == own] or others
        if span.state == "blocked" and not others:  # perhaps it is to stay behind an earlier item
            others = [o for o in self._held_at(span.stage, span) if _item(o) < _item(span)]
            place = span.stage if others else place
        return Delay(span, place, _numbers(others), worker, self._root(place, span, others))

    def _root(
        self, place: str, during: Span, others: Sequence[Span]
    ) -> tuple[str, tuple[int, ...]] | None:
        """Go on from stage to stage as long as what is in the way is mostly blocked itself."""
        found = None
        while _mostly_blocked(others, during) and (place := self._after(place)) in self._held:
            others = [
                other
                for other in self._held_at(place, during)
                if _overlap(other, during) > NOTABLE * (during.end - during.start)
            ]
            found = (place, _numbers(others)) if others else None
        return found

    def _after(self, stage: str) -> str:
        return self._names[min(self._names.index(stage) + 1, len(self._names) - 1)]

    def _held_at(self, stage: str, during: Span) -> list[Span]:
        """Return what the workers of `stage` had in hand meanwhile, other than that item."""
        held = self._held[stage]
        # Nothing that began earlier than this can have lasted until then.
        earliest = during.start - self._longest.get(stage, 0.0)
        first = bisect_left(held, earliest, key=_start)
        return [
            span
            for span in held[first : bisect_left(held, during.end, key=_start)]
            if _overlap(span, during) > MOMENT and span.item != during.item
        ]

    def _is_routed(self, stage: str) -> bool:
        """Tell if some item waited for a worker of its own while another worker was free."""
        return any(
            self._only_worker(stage, span, self._held_at(stage, span)) is not None
            for path in self._trace.spans().values()
            for span in path
            if (span.stage, span.state) == (stage, "waiting")
            or (span.state == "blocked" and self._after(span.stage) == stage)
        )

    def _only_worker(self, stage: str, span: Span, others: Sequence[Span]) -> int | None:
        """Return the worker that the item had to wait for, if some other one was free meanwhile."""
        own = self._worker.get((stage, _item(span)))
        busy = dict.fromkeys(range(self._workers.get(stage, 1)), 0.0)
        for other in others:
            busy[other.worker] += _overlap(other, span)
        some_free = any(time < span.end - span.start - MOMENT for time in busy.values())
        return own if some_free and own in busy and busy[own] > MOMENT and len(busy) > 1 else None


def _start(span: Span) -> float:
    return span.start


def _item(span: Span) -> int:
    assert span.item is not None  # only a worker that is starved has none
    return span.item


def _numbers(spans: Iterable[Span]) -> tuple[int, ...]:
    return tuple(sorted({_item(span) for span in spans}))


def _mostly_blocked(spans: Sequence[Span], during: Span) -> bool:
    held = sum(_overlap(span, during) for span in spans if span.state == "blocked")
    return held > sum(_overlap(span, during) for span in spans) / 2


def _overlap(one: Span, other: Span) -> float:
    return min(one.end, other.end) - max(one.start, other.start)
