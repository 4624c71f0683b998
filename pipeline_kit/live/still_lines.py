"""The lines of a still picture: queue depths and throughput over time, as steps."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from pipeline_kit.live import palette
from pipeline_kit.live.sheet import THEME
from pipeline_kit.live.window import window_for
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, StageShape, Trace

NO_BUFFERS = "no buffers: each item is handed over directly"
SMALL = 50
"""A capacity above it is drawn only if the queue came near: it would press the lines flat."""

Line = tuple[Steps, float, str, str]
"""A step function, the time at which it ends, its colour, and its label."""


def depth_lines(trace: Trace) -> list[Line]:
    """Return how many items were queued in front of each stage."""
    depths = [trace.depth(shape.name) for shape in trace.stages]
    return named_lines(trace.stages, depths, trace.makespan)


def named_lines(stages: Sequence[StageShape], depths: Sequence[Steps], end: float) -> list[Line]:
    """Give each queue its stage's colour and name; those that never hold anything are left out."""
    names = ["results" if shape.name == SINK else f"→ {shape.name}" for shape in stages]
    return [
        (depth, end, _colour(index, stages[index]), names[index])
        for index, depth in enumerate(depths)
        if depth.maximum or stages[index].capacity
    ]


def throughput_lines(trace: Trace, end: float) -> list[Line]:
    """Return how many items came out per second, over a window that suits an axis up to `end`."""
    window = window_for(trace, end)
    return [(trace.throughput(SINK, window), trace.makespan, THEME.ink, f"over {window:.4g} s")]


def draw_capacities(axes: Axes, stages: Sequence[StageShape], depths: Sequence[Steps]) -> None:
    """Draw the room of each queue dashed, given how deep the queues stood."""
    for index, (shape, depth) in enumerate(zip(stages, depths, strict=True)):
        capacity = shape.capacity or 0
        if 0 < capacity <= max(SMALL, 2 * depth.maximum):
            axes.axhline(capacity, color=_colour(index, shape), lw=1, ls=(0, (4, 3)))


def say_that_nothing_queues(axes: Axes) -> None:
    """Say in an empty panel why it is empty."""
    axes.set_yticks([])
    middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
    axes.text(0.5, 0.5, NO_BUFFERS, color=THEME.quiet, backgroundcolor=THEME.page, **middle)


def draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
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


def _colour(index: int, shape: StageShape) -> str:
    return palette.NEUTRAL if shape.name == SINK else palette.stage_colour(index)
