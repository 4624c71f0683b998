"""Turn a run into plain values from which the browser can draw it without knowing any rules.

What is to be derived from a trace is derived here, in Python, where it is tested. The browser only
looks up what holds at the time of its cursor.
"""

import math
from dataclasses import asdict
from typing import Any

from pipeline_kit.errors import StageError
from pipeline_kit.live.describe import describe, details, finding, queue_name, telling_moment
from pipeline_kit.live.simulate import MOST_EVENTS, Simulation
from pipeline_kit.live.window import window_for
from pipeline_kit.spans import let_go
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, SOURCE, Event, StageShape, Trace
from pipeline_kit.virtual_time import DeadlockError

STATES = ("waiting", "working", "blocked")
STATE_AFTER = {"queued": 0, "started": 1, "finished": 2}
"""What an item does after an event, as an index into `STATES`."""


def picture_of(
    simulation: Simulation, title: str = "", until: float | None = None
) -> dict[str, Any]:
    """Return the picture of a run as values that JSON knows.

    `spans` has a column each for item, place, worker, state, start and end. A place is the index of
    a stage among `stages`, or −1 for the source; a state is an index into `STATES`; an end is None
    for what goes on when the run ends.
    """
    trace, end = simulation.trace, simulation.whole.makespan
    return {
        "stages": [_stage(trace, shape) for shape in trace.stages],
        "spans": _spans(trace),
        "losses": _losses(trace),
        "marks": _marks(trace),
        "filtered": [event.time for event in trace.events if event.kind == "filtered"],
        "entered": trace.completions(SOURCE),
        "out": trace.completions(SINK) if trace.stages else [],
        "throughput": _throughput(trace),
        "makespan": end,
        "moment": end if simulation.error else telling_moment(trace),
        "title": title or _title(simulation),
        "description": describe(trace) if title else ". ".join([*details(trace), ""]).strip(),
        "error": explain(simulation.error) if simulation.error else "",
        "note": _note(simulation, until),
        "goals": [],
    }


def explain(error: BaseException) -> str:
    """Return what an error says, led by its type where the message alone would not be clear."""
    if isinstance(error, StageError | DeadlockError):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _title(simulation: Simulation) -> str:
    if isinstance(simulation.error, DeadlockError):
        return f"Deadlock: nothing moves any more after {simulation.whole.makespan:.3g} s"
    if simulation.error:
        return f"The run fails at {simulation.whole.makespan:.3g} s"
    return finding(simulation.trace)


def _note(simulation: Simulation, until: float | None) -> str:
    if not simulation.cut_off:
        return ""
    if until is not None and simulation.trace.makespan >= until:
        return f"Cut off at {until:g} s."
    return (
        f"Cut off after {len(simulation.trace.events)} events (at most {MOST_EVENTS} are drawn): "
        "use fewer items."
    )


def shape_data(shape: StageShape) -> dict[str, Any]:
    """Return a stage's shape as plain values; a capacity of None means no bound, or not known."""
    capacity = shape.capacity
    return {
        "name": shape.name,
        "queue": queue_name(shape.name),
        "workers": shape.workers,
        "capacity": None if capacity is None or math.isinf(capacity) else capacity,
        "unknown": capacity is None,
    }


def _stage(trace: Trace, shape: StageShape) -> dict[str, Any]:
    depth = trace.depth(shape.name)
    return {
        **shape_data(shape),
        "depth": {"times": depth.times, "values": depth.values},
        "done": trace.completions(shape.name),
    }


def _places(trace: Trace) -> dict[str, int]:
    return {SOURCE: -1, **{shape.name: index for index, shape in enumerate(trace.stages)}}


def _spans(trace: Trace) -> dict[str, list[float | None]]:
    places = _places(trace)
    last_events = {event.item: event for event in trace.events}
    thrown_away = let_go(trace.events)
    rows: list[tuple[float | None, ...]] = []
    for item, path in trace.spans().items():
        last = last_events[item]
        still_there = not _is_gone(last) and item not in thrown_away
        for span in path:
            if still_there and span.start == last.time:
                continue  # this one has no end yet
            state = STATES.index(span.state)
            rows.append((item, places[span.stage], span.worker, state, span.start, span.end))
        if still_there:
            state = STATE_AFTER[last.kind]
            rows.append((item, places[last.stage], last.worker, state, last.time, None))
    names = ("item", "place", "worker", "state", "start", "end")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}


def _is_gone(last: Event) -> bool:
    """Tell from an item's last event whether it has come out, been filtered or been lost."""
    return last.kind in ("failed", "dropped", "filtered") or (last.stage, last.kind) == (
        SINK,
        "started",
    )


def _losses(trace: Trace) -> list[dict[str, Any]]:
    places = _places(trace)
    return [
        {
            "time": e.time,
            "item": e.item,
            "place": places[e.stage],
            "worker": e.worker,
            "kind": e.kind,
        }
        for e in trace.events
        if e.kind in ("failed", "dropped")
    ]


def _marks(trace: Trace) -> list[dict[str, Any]]:
    places = _places(trace)
    return [{**asdict(mark), "place": places[mark.stage]} for mark in trace.marks]


def _throughput(trace: Trace) -> dict[str, Any]:
    window = window_for(trace, trace.makespan)
    steps = trace.throughput(SINK, window) if trace.stages else Steps((), ())
    return {"window": window, "times": steps.times, "values": steps.values}
