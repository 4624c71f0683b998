"""Spans: the stretches of time that an item, or a worker, spends in one state.

    finished ── queued ── started ── finished
           blocked   waiting    working

An item's events follow one another, and each says what the item does until the next.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from pipeline_kit.events import SINK, SOURCE, Event

State = Literal["waiting", "working", "blocked", "starved"]


class Span(NamedTuple):
    """A stretch of time that an item or a worker spent in one state."""

    stage: str
    worker: int
    item: int | None
    """The item's number; None while a worker is starved."""
    state: State
    start: float
    """Seconds since the run began."""
    end: float
    """Seconds since the run began."""


_STATE_AFTER: dict[str, State] = {"queued": "waiting", "started": "working", "finished": "blocked"}


def spans_of_items(
    events: Sequence[Event], stages: Sequence[str], end: float
) -> dict[int, list[Span]]:
    """Return for each item what it went through, one span after the other.

    Args:
        events: those of a run, in order of time.
        stages: the names of the stages from left to right, the sink last.
        end: when what still goes on is taken to end, in seconds since the run began.
    """
    history: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        history[event.item].append(event)
    # Where channels are not seen, nobody knows who holds an item, so it waits for the next stage.
    seen = any(event.kind == "queued" for event in events)
    waits_for = {} if seen else dict(zip([SOURCE, *stages], stages, strict=False))
    ends = let_go(events)
    return {
        item: list(_spans_of(own, waits_for, ends.get(item, end))) for item, own in history.items()
    }


def let_go(events: Sequence[Event]) -> dict[int, float]:
    """Return for each item that was thrown away without a word when the worker took another one.

    A worker holds what it has finished until the next channel takes it. If it begins with another
    item before that, it holds the first no longer, though nothing says where that has gone. Where
    channels are not seen, one may have taken it.
    """
    if not any(event.kind == "queued" for event in events):
        return {}
    gone: dict[int, float] = {}
    seen: set[int] = set()
    next_item: dict[tuple[str, int], float] = {}
    for event in reversed(events):
        place = event.stage, event.worker
        if event.kind == "finished" and event.item not in seen and place in next_item:
            gone[event.item] = next_item[place]
        seen.add(event.item)
        if event.kind == "started" or event.stage == SOURCE:
            next_item[place] = event.time
    return gone


def _spans_of(history: list[Event], waits_for: dict[str, str], end: float) -> Iterator[Span]:
    for event, following in zip_longest(history, history[1:]):
        if event.kind not in _STATE_AFTER or (event.stage == SINK and event.kind == "started"):
            continue
        state, stage, worker = _STATE_AFTER[event.kind], event.stage, event.worker
        if state == "blocked" and following and following.kind == "started":
            state, stage, worker = "waiting", following.stage, following.worker
        elif state == "blocked" and stage in waits_for:
            state, stage, worker = "waiting", waits_for[stage], 0
        until = following.time if following else end
        if until > event.time or state == "working":
            yield Span(stage, worker, event.item, state, event.time, until)


def with_starved(busy: Sequence[Span], stage: str, worker: int, end: float) -> list[Span]:
    """Return what a worker did from 0 to `end`: the spans it was busy, and starved in between."""
    lane: list[Span] = []
    now = 0.0
    for span in sorted(busy, key=lambda span: (span.start, span.end)):
        if span.start > now:
            lane.append(Span(stage, worker, None, "starved", now, span.start))
        lane.append(span)
        now = span.end
    if now < end:
        lane.append(Span(stage, worker, None, "starved", now, end))
    return lane
