"""Still pictures of runs, with matplotlib, for paper and for notebooks without a kernel."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.ticker import MaxNLocator

from pipeline_kit.live.describe import finding, telling_moment
from pipeline_kit.live.monitor import Sample
from pipeline_kit.live.sheet import THEME, sheet
from pipeline_kit.live.still_lanes import draw_lanes, lanes_of
from pipeline_kit.live.still_lines import (
    depth_lines,
    draw_capacities,
    draw_lines,
    named_lines,
    say_that_nothing_queues,
    throughput_lines,
)
from pipeline_kit.live.still_strip import draw_strip, strip_height
from pipeline_kit.live.up_to import up_to
from pipeline_kit.steps import Steps
from pipeline_kit.trace import StageShape, Trace


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
    trace = up_to(trace, moment or 0.0)
    lanes = list(lanes_of(trace))
    end = until or max(trace.makespan, ghost.makespan if ghost else 0.0) or 1.0
    depths = depth_lines(trace)
    heights = [0.32 * len(lanes) + 0.1, 1.2 if depths else 0.6, 0.9]
    above = strip_height(trace.stages) if trace.stages else 0.1
    figure = sheet(title or finding(trace), sum(heights) + above + 1.3)
    parts: Any = figure.subfigures(2, 1, height_ratios=[above, sum(heights) + 0.8])
    top, below = parts
    panels = gantt, depth, rate = _panels(below, heights, end)
    if trace.stages:
        _draw_moment(top, panels, trace, telling_moment(trace) if moment is None else moment)
    draw_lanes(gantt, trace, lanes, end)
    if ghost:
        for axes, lines in ((depth, depth_lines(ghost)), (rate, throughput_lines(ghost, end))):
            draw_lines(axes, [(steps, last, THEME.ghost, "") for steps, last, *_ in lines])
    draw_capacities(depth, trace.stages, [trace.depth(shape.name) for shape in trace.stages])
    draw_lines(depth, depths)
    if not depths:
        say_that_nothing_queues(depth)
    draw_lines(rate, throughput_lines(trace, end))
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
    depths = [Steps(times, tuple(s.depth[i] for s in samples)) for i in range(len(stages))]
    lines = named_lines(stages, depths, end)
    heights = [1.4 if lines else 0.6, 1.2]
    figure = sheet(title, sum(heights) + 1.3)
    depth, rate = _panels(figure, heights, end)
    draw_capacities(depth, stages, depths)
    draw_lines(depth, lines)
    if not lines:
        say_that_nothing_queues(depth)
    throughput = Steps(times, tuple(sample.throughput for sample in samples))
    draw_lines(rate, [(throughput, end, THEME.ink, "over 1 s")])
    return figure


def _draw_moment(strip: Any, panels: Sequence[Axes], trace: Trace, moment: float) -> None:
    """Draw the pipeline at `moment` in its strip, and mark the time in the panels below."""
    draw_strip(strip.subplots(), trace, moment)
    for axes in panels:  # behind all else, so that the line crosses no number
        axes.axvline(moment, color=THEME.ink, lw=1.2, zorder=0.9)
    on_top = panels[0].get_xaxis_transform()
    panels[0].plot(moment, 1, "v", ms=7, color=THEME.ink, transform=on_top, clip_on=False)


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
