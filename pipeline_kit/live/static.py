"""The still picture of a run, with matplotlib: a lane per worker, queue depths, throughput."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline_kit.live import palette
from pipeline_kit.live.describe import finding
from pipeline_kit.live.monitor import Sample
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, SOURCE, StageShape, Trace

INK, QUIET, LINE, GHOST = (
    palette.LIGHT.ink,
    palette.LIGHT.quiet,
    palette.LIGHT.line,
    palette.LIGHT.ghost,
)


def plot_trace(
    trace: Trace, *, title: str = "", ghost: Trace | None = None, until: float | None = None
) -> Figure:
    """Draw `trace` as a figure that reads the same on a light and on a dark page.

    Args:
        trace: the run.
        title: what the picture shows, in a sentence; by default what `finding` says.
        ghost: an earlier run, to be drawn in grey behind this one.
        until: where the time axis ends, in seconds; by default with the longer of the runs.
    """
    lanes = list(_lanes(trace))
    end = until or max(trace.makespan, ghost.makespan if ghost else 0.0) or 1.0
    heights = [0.32 * max(len(lanes), 2), 1.1, 0.8]
    figure = Figure(figsize=(8, sum(heights) + 1.5), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    gantt, depth, rate = figure.subplots(3, 1, sharex=True, height_ratios=heights)
    figure.suptitle(title or finding(trace), x=0.01, ha="left", fontsize=12, color=INK, wrap=True)
    _draw_lanes(gantt, trace, lanes)
    _draw_depths(depth, trace, ghost, end)
    _draw_throughput(rate, trace, ghost, end)
    rate.set_xlim(0, end)
    rate.set_xlabel("seconds", color=QUIET)
    return figure


def plot_samples(samples: Sequence[Sample], stages: Sequence[StageShape], *, title: str) -> Figure:
    """Draw what was seen of a live run: queue depths and throughput over time."""
    figure = Figure(figsize=(8, 3.6), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    depth, rate = figure.subplots(2, 1, sharex=True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK, wrap=True)
    times = [sample.time for sample in samples]
    for index, shape in enumerate(stages):
        _draw_capacity(depth, shape, _colour(index, shape))
        depth.step(times, [s.depth[index] for s in samples], color=_colour(index, shape), lw=1.8)
    rate.plot(times, [sample.throughput for sample in samples], color=INK, lw=1.8)
    for axes, label in ((depth, "queued"), (rate, "items/s out")):
        axes.set_ylim(bottom=0)
        axes.set_ylabel(label, color=QUIET)
        _tidy(axes)
    rate.set_xlim(0, max(times, default=1.0) or 1.0)
    rate.set_xlabel("seconds", color=QUIET)
    return figure


def _colour(index: int, shape: StageShape) -> str:
    return palette.NEUTRAL if shape.name == SINK else palette.stage_colour(index)


def _lanes(trace: Trace) -> Iterator[tuple[str, int, str, str]]:
    """Yield stage, worker, label and colour of each lane, from the top down."""
    yield SOURCE, 0, SOURCE, palette.NEUTRAL
    for index, shape in enumerate(shape for shape in trace.stages if shape.name != SINK):
        for worker in range(shape.workers):
            label = f"{shape.name} {worker}" if shape.workers > 1 else shape.name
            yield shape.name, worker, label, palette.stage_colour(index)


def _draw_lanes(axes: Axes, trace: Trace, lanes: list[tuple[str, int, str, str]]) -> None:
    for row, (stage, worker, _, colour) in enumerate(lanes):
        for state in ("working", "blocked", "starved"):
            bars = [
                (span.start, span.end - span.start)
                for span in trace.lane(stage, worker)
                if span.state == state and (stage != SOURCE or state != "starved")
            ]
            look: dict[str, Any] = {
                "working": {"facecolor": colour, "edgecolor": "white"},
                "blocked": {"facecolor": "white", "edgecolor": colour, "hatch": "////"},
                "starved": {"facecolor": "none", "edgecolor": LINE},
            }[state]
            axes.broken_barh(bars, (row - 0.36, 0.72), linewidth=0.8, **look)
        for event in trace.of(stage, "failed", "dropped"):
            if event.worker == worker:
                axes.plot(event.time, row, "x", color=palette.LOSS, ms=8, mew=2.5)
    axes.set_yticks(range(len(lanes)), [label for _, _, label, _ in lanes])
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    _tidy(axes)
    axes.tick_params(axis="y", length=0)


def _draw_depths(axes: Axes, trace: Trace, ghost: Trace | None, end: float) -> None:
    for index, shape in enumerate(trace.stages):
        if ghost:
            _draw_steps(axes, ghost.depth(shape.name), end, GHOST)
        _draw_steps(axes, trace.depth(shape.name), end, _colour(index, shape))
        _draw_capacity(axes, shape, _colour(index, shape))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("queued", color=QUIET)
    _tidy(axes)


def _draw_capacity(axes: Axes, shape: StageShape, colour: str) -> None:
    if shape.capacity and not math.isinf(shape.capacity):
        axes.axhline(shape.capacity, color=colour, lw=1, ls=(0, (4, 3)))


def _draw_throughput(axes: Axes, trace: Trace, ghost: Trace | None, end: float) -> None:
    window = nice_window(end)
    for run, colour in ((ghost, GHOST), (trace, INK)):
        if run:
            _draw_steps(axes, run.throughput(SINK, window), end, colour)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("items/s out", color=QUIET)
    _tidy(axes)


def _draw_steps(axes: Axes, steps: Steps, end: float, colour: str) -> None:
    if steps.times:
        last = steps.values[-1]
        axes.step(
            (0.0, *steps.times, end), (0.0, *steps.values, last), where="post", color=colour, lw=1.8
        )


def nice_window(end: float) -> float:
    """Return 1, 2 or 5 times a power of ten: the window, in seconds, to count throughput over."""
    rough = max(end, 1e-9) / 5
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)


def _tidy(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    axes.tick_params(colors=QUIET, labelsize=10)
