"""Still pictures of runs, with matplotlib, for paper and for notebooks without a kernel."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from pipeline_kit.live import palette
from pipeline_kit.live.describe import finding, telling_moment
from pipeline_kit.live.monitor import Sample
from pipeline_kit.live.still_strip import draw_strip, strip_height
from pipeline_kit.marks import Mark
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, SOURCE, StageShape, Trace

THEME = palette.LIGHT  # on a white card, which is as easy to read on a dark page
TEXT_ON_BAR = 0.014
"""An item's number is written on its bar if the bar takes at least this share of the time axis for
each of its digits; one digit takes as much as two, to be seen as a number."""
SEAM = 0.004
"""A bar is set apart from the next one if it takes more than this share of the time axis."""

SMALL = 50
"""A capacity above it is drawn only if the queue came near: it would press the lines flat."""

Line = tuple[Steps, float, str, str]
"""A step function, the time at which it ends, its colour, and its label."""


def plot_trace(
    trace: Trace,
    *,
    title: str = "",
    ghost: Trace | None = None,
    until: float | None = None,
    moment: float | None = None,
) -> Figure:
    """Draw `trace`: the pipeline at a moment, lanes, queue depths and throughput over time.

    Solid is working, hatched is blocked, and an empty outline is starved.

    Args:
        trace: the run.
        title: what the picture shows, in a sentence; by default what `finding` says.
        ghost: an earlier run, whose queues and throughput are drawn in grey behind this one's.
        until: where the time axis ends, in seconds; by default with the longer of the runs.
        moment: the time at which the pipeline is shown, marked by a line in the panels below; by
            default one at which there is something to see.
    """
    lanes = list(lanes_of(trace))
    # A run that stalls does so after its last event, and is shown at that moment.
    end = until or max(trace.makespan, ghost.makespan if ghost else 0.0, moment or 0.0) or 1.0
    depths = _depths(trace)
    heights = [0.32 * len(lanes) + 0.1, 1.2 if depths else 0.6, 0.9]
    above = strip_height(trace.stages) if trace.stages else 0.1
    figure = _sheet(title or finding(trace), sum(heights) + above + 1.3)
    parts: Any = figure.subfigures(2, 1, height_ratios=[above, sum(heights) + 0.8])
    top, below = parts
    gantt, depth, rate = _panels(below, heights, end)
    if trace.stages:
        moment = telling_moment(trace) if moment is None else moment
        draw_strip(top.subplots(), trace, moment)
        for axes in (gantt, depth, rate):
            axes.axvline(moment, color=THEME.ink, lw=1.2)
    draw_lanes(gantt, trace, lanes, end)
    if ghost:
        for axes, steps in ((depth, _depths(ghost)), (rate, _throughputs(ghost, end))):
            _draw_lines(axes, [(line[0], line[1], THEME.ghost, "") for line in steps])
    _draw_capacities(depth, trace.stages, [trace.depth(shape.name) for shape in trace.stages])
    _draw_lines(depth, depths)
    if not depths:
        _say_that_nothing_queues(depth)
    _draw_lines(rate, _throughputs(trace, end))
    return figure


def plot_samples(samples: Sequence[Sample], stages: Sequence[StageShape], *, title: str) -> Figure:
    """Draw what was seen of a live run: queue depths and throughput over time.

    Args:
        samples: the counters, in order of time.
        stages: the stages from left to right, the sink last.
        title: what the picture shows, in a sentence.
    """
    times = tuple(sample.time for sample in samples)
    end = max(times, default=0.0) or 1.0
    figure = _sheet(title, 3.9)
    depth, rate = _panels(figure, [1.4, 1.2], end)
    depths = [Steps(times, tuple(s.depth[i] for s in samples)) for i in range(len(stages))]
    _draw_capacities(depth, stages, depths)
    _draw_lines(depth, _named(stages, depths, end))
    throughput = Steps(times, tuple(sample.throughput for sample in samples))
    _draw_lines(rate, [(throughput, end, THEME.ink, "over 1 s")])
    return figure


def _sheet(title: str, height: float) -> Figure:
    """Make an empty figure of this height, in inches."""
    figure = Figure(figsize=(8, height), layout="constrained", facecolor=THEME.page)
    FigureCanvasAgg(figure)  # rather than pyplot, which keeps every figure for ever
    wrapped = textwrap.fill(title, 74)
    figure.suptitle(wrapped, x=0.01, ha="left", fontsize=12.5, weight="bold", color=THEME.ink)
    return figure


def _panels(sheet: FigureBase, heights: list[float], end: float) -> Sequence[Axes]:
    """Put panels of these heights, in inches, over one time axis."""
    panels: Sequence[Axes] = sheet.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    for axes, label in zip(panels[-2:], ("queued", "items/s out"), strict=True):
        axes.set_ylabel(label, color=THEME.ink)
        axes.yaxis.set_major_locator(MaxNLocator(3, integer=label == "queued"))
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(THEME.line)
        axes.tick_params(colors=THEME.quiet, labelsize=10)
    panels[-1].set_xlim(0, end)
    panels[-1].set_xlabel("seconds", color=THEME.quiet)
    return panels


def lanes_of(trace: Trace) -> Iterator[tuple[str, int, str, str]]:
    """Yield stage, worker, label and colour of each lane, from the top down."""
    yield SOURCE, 0, SOURCE, palette.NEUTRAL
    for index, shape in enumerate(shape for shape in trace.stages if shape.name != SINK):
        for worker in range(shape.workers):
            label = f"{shape.name} {worker}" if shape.workers > 1 else shape.name
            yield shape.name, worker, label, palette.stage_colour(index)


def draw_lanes(
    axes: Axes, trace: Trace, lanes: Sequence[tuple[str, int, str, str]], end: float
) -> None:
    """Draw a lane for each worker: what it did, and with which item.

    Args:
        axes: where to draw.
        trace: the run.
        lanes: which lanes, from the top down, as of `lanes_of`.
        end: where the time axis ends, in seconds.
    """
    for row, (stage, worker, _, colour) in enumerate(lanes):
        spans = trace.lane(stage, worker)
        for state, look in _looks(colour).items():
            if stage == SOURCE and state == "starved":
                continue  # a source that has nothing more to give does not wait for anyone
            bars = [(s.start, s.end - s.start) for s in spans if s.state == state]
            if state == "working":  # no seams in a crowd, or nothing is left between them
                look["lw"] = [0.6 if length > SEAM * end else 0 for _, length in bars]
            axes.broken_barh(bars, (row - 0.36, 0.72), **look)
        for span in spans:
            room = TEXT_ON_BAR * max(2, len(str(span.item))) * end
            if span.state == "working" and span.end - span.start > room:
                middle, ink = (span.start + span.end) / 2, palette.ink_on(colour)
                axes.text(middle, row, str(span.item), ha="center", va="center", color=ink, size=9)
        _draw_marks(axes, trace, row, (stage, worker), colour)
        for loss in trace.of(stage, "failed", "dropped"):
            if loss.worker == worker:
                axes.plot(loss.time, row, "x", color=palette.LOSS, ms=8, mew=2.5, clip_on=False)
    axes.set_yticks(range(len(lanes)), [label for _, _, label, _ in lanes])
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelcolor=THEME.ink)
    axes.grid(axis="x", color=THEME.line, lw=0.5)
    axes.set_axisbelow(True)


def _draw_marks(axes: Axes, trace: Trace, row: int, lane: tuple[str, int], colour: str) -> None:
    """Draw what was tried again dashed, an answer without a call as a diamond."""
    retries, diamonds = _marks_in(trace, *lane)
    for start, end in retries:
        bar = [(start, end - start)]
        axes.broken_barh(bar, (row - 0.36, 0.72), facecolor=THEME.page)
        edge: dict[str, Any] = {"edgecolor": colour, "linewidth": 1.4, "linestyle": (0, (3, 2))}
        axes.add_patch(Rectangle((start, row - 0.3), end - start, 0.6, fill=False, **edge))
    for mark in diamonds:
        filling, rim = (colour, THEME.page) if mark.kind == "hit" else (THEME.page, colour)
        axes.plot(mark.time, row, "D", ms=6.5, mfc=filling, mec=rim, mew=1.2, clip_on=False)


def _marks_in(
    trace: Trace, stage: str, worker: int
) -> tuple[list[tuple[float, float]], list[Mark]]:
    """Return when a worker tried something again, from and to, and where it needed no call."""
    marks = [mark for mark in trace.marks if (mark.stage, mark.worker) == (stage, worker)]
    retries = []
    for span in trace.lane(stage, worker) if marks else ():
        again = [m.time for m in marks if m.kind == "retry" and span.start <= m.time < span.end]
        if span.state == "working" and again:
            retries.append((again[0], span.end))
    return retries, [mark for mark in marks if mark.kind != "retry"]


def _looks(colour: str) -> dict[str, dict[str, Any]]:
    """Return how each state of a worker looks, as arguments for matplotlib."""
    return {
        "starved": {"facecolor": "none", "edgecolor": THEME.line, "lw": 0.8},
        "working": {"facecolor": colour, "edgecolor": THEME.page},
        "blocked": {"facecolor": THEME.page, "edgecolor": colour, "lw": 0.8, "hatch": "/////"},
    }


def _depths(trace: Trace) -> list[Line]:
    depths = [trace.depth(shape.name) for shape in trace.stages]
    return _named(trace.stages, depths, trace.makespan)


def _named(stages: Sequence[StageShape], depths: Sequence[Steps], end: float) -> list[Line]:
    """Give each queue its stage's colour and name; those that never hold anything are left out."""
    names = ["results" if shape.name == SINK else f"→ {shape.name}" for shape in stages]
    return [
        (depth, end, _colour(index, stages[index]), names[index])
        for index, depth in enumerate(depths)
        if depth.maximum or stages[index].capacity
    ]


def _throughputs(trace: Trace, end: float) -> list[Line]:
    window = nice_window(end)
    return [(trace.throughput(SINK, window), trace.makespan, THEME.ink, f"over {window:g} s")]


def _draw_capacities(axes: Axes, stages: Sequence[StageShape], depths: Sequence[Steps]) -> None:
    for index, (shape, depth) in enumerate(zip(stages, depths, strict=True)):
        capacity = shape.capacity or 0
        if 0 < capacity <= max(SMALL, 2 * depth.maximum):
            axes.axhline(capacity, color=_colour(index, shape), lw=1, ls=(0, (4, 3)))


def _say_that_nothing_queues(axes: Axes) -> None:
    axes.set_yticks([])
    middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
    note = "no buffers: each item is handed over directly"
    axes.text(0.5, 0.5, note, color=THEME.quiet, backgroundcolor=THEME.page, **middle)


def _colour(index: int, shape: StageShape) -> str:
    return palette.NEUTRAL if shape.name == SINK else palette.stage_colour(index)


def _draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
    """Draw step functions, with their labels at the right, apart from each other."""
    for steps, end, colour, _ in lines:
        times, values = (0.0, *steps.times, end), (0.0, *steps.values, steps.at(math.inf))
        axes.step(times, values, where="post", color=colour, lw=1.8, clip_on=False)
    tallest = axes.dataLim.ymax
    axes.set_ylim(0, 1.08 * tallest if math.isfinite(tallest) and tallest > 0 else 1.0)
    lowest = 0.0
    for steps, _, colour, label in sorted(lines, key=lambda line: line[0].maximum):
        height = max(lowest, steps.maximum / axes.get_ylim()[1])
        lowest = height + 0.2
        if label:
            there = axes.transAxes
            axes.plot(1.015, height, "s", color=colour, transform=there, clip_on=False)
            axes.text(1.03, height, label, va="center", color=THEME.ink, transform=there)


def nice_window(end: float) -> float:
    """Return 1, 2 or 5 times a power of ten: the window, in seconds, to count throughput over."""
    if end <= 0:
        return 1.0  # a run without a delay takes no virtual time, and that is no rate
    rough = max(end, 1e-9) / 5
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
