"""Say in words what a trace shows: a title, a text alternative, a table of its data."""

import math
from collections.abc import Iterator, Sequence
from statistics import mode
from typing import Any

from pipeline_kit.live.monitor import BUSY, Sample
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, SOURCE, Span, StageShape, Trace

ALIKE = 0.98
"""Stages that work for at least this part of what the busiest does are called equally busy."""

ALWAYS = 0.9
"""A stage of which one worker or another works for this share of the run is busy, however many
workers there are: all may go to one of them, or only one of them may work at a time."""

WORTH_SAYING = 0.05
"""A channel that was full for less than this share of the run is not mentioned."""


def finding(trace: Trace) -> str:
    """Return one sentence that says what to see in `trace`: how much, how fast, what limits it."""
    counts = trace.counts(trace.makespan)
    if not counts.entered:
        return "Nothing has entered the pipeline."
    lost = counts.dropped + counts.failed
    loss = f", {lost} lost" if lost else ""
    kept_back = f", {counts.filtered} filtered" if counts.filtered else ""
    done = (
        f"{counts.out} of {counts.entered} items out in {seconds(trace.makespan)}{kept_back}{loss}"
    )
    return f"{done}; {_bottleneck(trace)}"


def describe(trace: Trace) -> str:
    """Return the text alternative for a picture of `trace`, in a few sentences."""
    if not trace.events:
        return "Nothing has happened yet."
    return ". ".join([finding(trace), *details(trace)]) + "."


def details(trace: Trace) -> list[str]:
    """Return what there is to say of `trace` beyond its `finding`, in sentences without a stop."""
    sentences = [s for shape in trace.stages if (s := _about_queue(trace, shape))]
    sentences += [s for shape in trace.stages if (s := _about_losses(trace, shape.name))]
    sentences += [s for shape in trace.stages for s in _about_marks(trace, shape.name)]
    return sentences


def tell_samples(samples: Sequence[Sample], stages: Sequence[StageShape]) -> str:
    """Return one sentence about a live run: how much, how fast, what limits it."""
    if not samples:
        return "The run has not begun yet."
    last = samples[-1]
    rate = last.taken[-1] / last.time if last.time else 0.0
    limits = [sample.bottleneck for sample in samples if sample.bottleneck is not None]
    where = f"; bottleneck: {stages[mode(limits)].name}" if limits else ""
    done = f"{last.taken[-1]:,} of {last.entered:,} items out in {seconds(last.time)}"
    return f"{done}, {f'{rate:,.0f}' if rate >= 100 else f'{rate:.3g}'} items/s{where}"


def table(trace: Trace) -> list[dict[str, Any]]:
    """Return what a picture of `trace` shows as rows: who was where, doing what, from when to when.

    The columns are item, stage, worker, state, from and to; the times are in seconds.
    """
    spans = sorted(_all_spans(trace), key=lambda span: (span.start, span.item or 0, span.end))
    return [
        {
            "item": span.item,
            "stage": span.stage,
            "worker": span.worker,
            "state": span.state,
            "from": span.start,
            "to": span.end,
        }
        for span in spans
    ]


def telling_moment(trace: Trace) -> float:
    """Return a time at which there is something to see: a loss, a full channel, or half-way."""
    for event in trace.events:
        if event.kind in ("failed", "dropped"):
            return event.time
    full = [stretch for shape in trace.stages for stretch in full_stretches(trace, shape)]
    if full:
        start, end = max(full, key=lambda stretch: stretch[1] - stretch[0])
        return (start + end) / 2
    return trace.makespan / 2


def full_stretches(trace: Trace, shape: StageShape) -> list[tuple[float, float]]:
    """Return when the channel in front of a stage was full, as `(from, to)` in seconds."""
    if not shape.capacity or math.isinf(shape.capacity):
        return []
    return trace.depth(shape.name).intervals_at_least(shape.capacity, trace.makespan)


def seconds(time: float) -> str:
    """Return `time` as a reader would say it: "0.25 s", "12 s", "1 h 3 min"."""
    if time >= 3600:
        return f"{time // 3600:.0f} h {time % 3600 / 60:.0f} min"
    return f"{time:.3g} s" if time < 1000 else f"{time:.0f} s"


def percent(share: float) -> str:
    """Return a share as a reader would say it: "25 %"."""
    return f"{share:.0%}".replace("%", " %")


def queue_name(stage: str) -> str:
    """Return how pictures call the channel in front of `stage`."""
    return "results" if stage == SINK else f"queue before {stage}"


def _bottleneck(trace: Trace) -> str:
    busy = {s.name: trace.utilisation(s.name) for s in trace.stages if s.name != SINK}
    most = max(busy.values())
    *others, last = [name for name, share in busy.items() if share >= ALIKE * most]
    names = f"{', '.join(others)} and {last}" if others else last
    time = f"working {percent(most)} of the time"
    if not most:
        return "no stage has had to work"
    if most < BUSY and _share_at_work(trace, last) < ALWAYS:
        return f"no stage is busy: {names} {time}"
    return f"{names} equally busy, {time}" if others else f"bottleneck: {last}, {time}"


def _share_at_work(trace: Trace, stage: str) -> float:
    """Return for which share of the run at least one worker of `stage` has worked."""
    begun = [(event.time, 1) for event in trace.of(stage, "started")]
    ended = [(event.time, -1) for event in trace.of(stage, "finished", "failed", "filtered")]
    stretches = Steps.accumulate(begun + ended).intervals_at_least(1, trace.makespan)
    return sum(end - start for start, end in stretches) / trace.makespan


def _about_queue(trace: Trace, shape: StageShape) -> str:
    if shape.capacity == 0:  # there is no queue; what is handed over may wait for its turn
        return ""
    depth = trace.depth(shape.name)
    full = full_stretches(trace, shape)
    if sum(end - start for start, end in full) > WORTH_SAYING * trace.makespan:
        assert shape.capacity is not None
        capacity = f"{shape.capacity:.0f} of {shape.capacity:.0f}"
        return f"{queue_name(shape.name).capitalize()} full ({capacity}) {_when(full)}"
    if depth.maximum > 1:
        bound = _bound(shape)
        return f"{queue_name(shape.name).capitalize()} at most {depth.maximum:.0f} deep{bound}"
    return ""


def _bound(shape: StageShape) -> str:
    if shape.capacity is None:
        return ""
    return ", without a bound" if math.isinf(shape.capacity) else f" of {shape.capacity:.0f}"


def _when(stretches: list[tuple[float, float]]) -> str:
    start, end = stretches[0][0], stretches[-1][1]
    if len(stretches) == 1:
        return f"from {seconds(start)} to {seconds(end)}"
    return f"{len(stretches)} times between {seconds(start)} and {seconds(end)}"


def _about_losses(trace: Trace, stage: str) -> str:
    lost = trace.of(stage, "failed", "dropped")
    if not lost:
        return ""
    numbers = ", ".join(str(event.item) for event in lost[:5]) + (", …" if len(lost) > 5 else "")
    what = f"item {numbers}" if len(lost) == 1 else f"{len(lost)} items ({numbers})"
    return f"Lost at {stage}: {what}, from {seconds(lost[0].time)} on"


def _about_marks(trace: Trace, stage: str) -> Iterator[str]:
    told = {
        "hit": ("answer from the cache (a diamond)", "answers from the cache (diamonds)"),
        "substitute": ("substitute (a hollow diamond)", "substitutes (hollow diamonds)"),
        "retry": ("retry (dashed)", "retries (dashed)"),
    }
    for kind, (one, many) in told.items():
        count = sum((mark.stage, mark.kind) == (stage, kind) for mark in trace.marks)
        if count:
            yield f"{stage}: {count} {one if count == 1 else many}"


def _all_spans(trace: Trace) -> list[Span]:
    places = {SOURCE, *(shape.name for shape in trace.stages)}
    return [span for path in trace.spans().values() for span in path if span.stage in places]
