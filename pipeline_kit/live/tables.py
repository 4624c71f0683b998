"""Tables: what a picture shows, as rows of numbers, for whoever cannot see it or has no widgets.

A saved notebook keeps them, folded up, below each picture. They are drawn from the same trace.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from pipeline_kit.live.delays import Delay
from pipeline_kit.live.describe import percent
from pipeline_kit.live.monitor import Sample
from pipeline_kit.trace import SINK, SOURCE, Event, StageShape, Trace

MOST_ROWS = 30
"""A longer table says how many rows it leaves out."""
MOMENTS = 12
"""Of a live run, about so many moments are told."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def html(self) -> str:
        """Return it as HTML, of at most `MOST_ROWS` rows."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        rows = [[_cell(value) for value in row] for row in self.rows[:MOST_ROWS]]
        if left := len(self.rows) - len(rows):
            rows.append([f"… {left} more", *[""] * (len(self.columns) - 1)])
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        return (
            f"<table><caption>{escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def tables_of(trace: Trace, prefix: str = "") -> list[Table]:
    """Return what there is to tell of a run: a row for each stage, and a row for each item.

    Args:
        trace: the run.
        prefix: goes before the captions, to tell the tables of several runs apart.
    """
    if not trace.events:
        return []
    return [_stages(trace, prefix), _items(trace, prefix)]


def table_of_samples(samples: Sequence[Sample], stages: Sequence[StageShape]) -> Table:
    """Return what was seen of a live run at some moments, the last one among them."""
    pace = max(1, len(samples) // MOMENTS)
    chosen = [*samples[:-1:pace], *samples[-1:]]
    queues = [f"before {shape.name}" for shape in stages[:-1]]
    columns = ["seconds", "in", *queues, "results", "out", "items/s"]
    rows = [(s.time, s.entered, *s.depth, s.taken[-1], s.throughput) for s in chosen]
    return Table("Items that came in, queued, and came out", columns, rows)


def table_of_way(item: int, stretches: Sequence[Delay]) -> Table:
    """Return what `item` went through, and which items were in its way."""
    rows = [
        (
            *(delay.span.stage, delay.span.state, delay.span.start, delay.span.end, delay.seconds),
            "; ".join(f"{at}: {', '.join(map(str, items))}" for at, items in delay.ways if items),
        )
        for delay in stretches
    ]
    return Table(
        f"The way of item {item}", ["at", "state", "from (s)", "to (s)", "seconds", "behind"], rows
    )


def _stages(trace: Trace, prefix: str) -> Table:
    columns = ["stage", "workers", "done", "working", "blocked", "most queued", "room", "lost"]
    rows = [
        (
            *(shape.name, shape.workers, len(trace.of(shape.name, "finished"))),
            *_shares(trace, shape.name),
            trace.depth(shape.name).maximum,
            "not known" if shape.capacity is None else shape.capacity,
            len(trace.of(shape.name, "failed", "dropped")),
        )
        for shape in trace.stages
        if shape.name != SINK
    ]
    return Table(f"{prefix}Stages", columns, rows)


def _shares(trace: Trace, stage: str) -> tuple[str, str]:
    """Return for how much of the time a stage worked and was blocked; "" if no time has passed."""
    if not trace.makespan:
        return "", ""
    return percent(trace.share(stage, "working")), percent(trace.share(stage, "blocked"))


def _items(trace: Trace, prefix: str) -> Table:
    """Make a row for each item: when it entered, was worked on at each stage, and came out."""
    names = [shape.name for shape in trace.stages if shape.name != SINK]
    history: dict[int, dict[str, list[Event]]] = {}
    for event in trace.events:
        history.setdefault(event.item, {}).setdefault(event.stage, []).append(event)
    columns = ["item", "in (s)", *(f"{name} (s)" for name in names), "out (s)"]
    rows = [[item, *_row(own, names)] for item, own in sorted(history.items())]
    return Table(f"{prefix}Items, and from when to when each was worked on", columns, rows)


def _row(own: dict[str, list[Event]], names: Sequence[str]) -> Iterator[object]:
    yield next((event.time for event in own.get(SOURCE, ())), "")
    for name in names:
        yield " to ".join(filter(None, (_word(event) for event in own.get(name, ()))))
    yield next((event.time for event in own.get(SINK, ()) if event.kind == "started"), "")


def _word(event: Event) -> str:
    if event.kind == "queued":
        return ""
    time = _number(event.time)
    return f"{time} {event.kind}" if event.kind in ("failed", "dropped", "filtered") else time


def _cell(value: Any) -> str:
    return _number(value) if isinstance(value, float) else escape(str(value))


def _number(value: float) -> str:
    return "no bound" if value == float("inf") else f"{value:.4g}"
