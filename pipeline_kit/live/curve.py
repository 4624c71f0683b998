"""A curve: what a measure found in the run for each value of a knob; in words and as a picture."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import anywidget
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pipeline_kit.live import palette
from pipeline_kit.live.describe import finding
from pipeline_kit.live.sheet import THEME, in_lines, sheet
from pipeline_kit.live.still_lanes import draw_lanes, lanes_of
from pipeline_kit.live.tables import Table
from pipeline_kit.live.widgets import script, style
from pipeline_kit.trace import Trace

LANE = 0.32
"""Inches that a worker's lane is high."""
NEAR_AXIS = 0.1
"""The number at a point stands below it; above it, if it is lower than this part of the highest."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run."""

    value: float
    """Where the knob stood."""
    measure: float | None
    """What the measure found; None if the run or the measure failed."""
    error: str = ""
    """Why there is no measure."""


@dataclass(frozen=True, slots=True)
class CurveData:
    """The runs of a sweep, as points."""

    knob: str
    """The name of the knob."""
    label: str
    """What has been measured."""
    unit: str
    """In what; may be empty."""
    points: Sequence[Point]
    """In increasing order of the knob's value."""

    def as_data(self) -> dict[str, Any]:
        """Return the curve as plain values for the browser."""
        return {**asdict(self), "description": self.describe()}

    def say(self, point: Point) -> str:
        """Return one point in words: "8.3 items/s at buffer 4"."""
        where = f"at {self.knob.replace('_', ' ')} {point.value:g}"
        if point.measure is None:
            return f"failed {where}"
        return " ".join(filter(None, [f"{point.measure:.4g}", self.unit, where]))

    def finding(self) -> str:
        """Return a sentence: where the curve begins and ends, and where it is highest."""
        ends = f"{self.label}: {self.say(self.points[0])}, {self.say(self.points[-1])}"
        measured = [point for point in self.points if point.measure is not None]
        highest = max(measured, key=lambda point: point.measure or 0.0, default=self.points[0])
        if highest.measure in (self.points[0].measure, self.points[-1].measure):
            return ends
        return f"{ends}; at most {self.say(highest)}"

    def describe(self) -> str:
        """Return the text alternative: the finding, and each point that failed with its reason."""
        failed = [f"{self.say(p)}: {p.error}" for p in self.points if p.measure is None]
        return ". ".join([self.finding(), *failed]) + "."

    def table(self) -> Table:
        """Return the points as a table."""
        measured = f"{self.label} ({self.unit})" if self.unit else self.label
        rows = [
            (point.value, point.error if point.measure is None else point.measure)
            for point in self.points
        ]
        return Table("A run for each value", [self.knob.replace("_", " "), measured], rows)


class Curve(anywidget.AnyWidget):
    """Shows a measure against a knob, and lets the reader open the run behind a point."""

    _esm = script("page", "curve")
    _css = style()
    palette = traitlets.Dict(palette.as_data()).tag(sync=True)
    curve: Any = traitlets.Dict().tag(sync=True)
    """The points, as of `CurveData.as_data`."""
    title = traitlets.Unicode().tag(sync=True)
    opened = traitlets.Int(0).tag(sync=True)
    """Which point's run is open, counted from 0."""
    prediction: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    """The reader's, as of `prediction_data`; the curve is covered until it is locked in."""


def plot_curve(
    curve: CurveData, *, title: str = "", opened: Point | None = None, run: Trace | None = None
) -> Figure:
    """Draw a curve with matplotlib, and mark the point whose run is open.

    Runs that failed are a ✕ at the bottom.

    Args:
        curve: the points.
        title: what the curve shows, in a sentence; by default what `CurveData.finding` says.
        opened: one of the points.
        run: what came of the run behind that point, whose lanes are drawn below the curve.
    """
    lanes = list(lanes_of(run)) if run and run.stages else []
    heights = [3.0, LANE * len(lanes) + 1.1][: 1 + bool(lanes)]
    figure = sheet(title or curve.finding(), sum(heights))
    above, *below = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_points(above, curve, opened)
    _label_axes(above, curve)
    for axes in below:
        assert run is not None
        assert opened is not None
        _draw_run(axes, run, lanes, f"{curve.say(opened)}: {finding(run)}")
    return figure


def _label_axes(axes: Axes, curve: CurveData) -> None:
    axes.set_ylim(0, 1.08 * _highest(curve) or 1.0)
    axes.set_xlabel(curve.knob.replace("_", " "), color=THEME.quiet)
    axes.set_ylabel(" in ".join(filter(None, [curve.label, curve.unit])), color=THEME.ink)
    whole = all(point.value == int(point.value) for point in curve.points)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=whole, steps=[1, 2, 5, 10]))
    _quieten(axes)


def _highest(curve: CurveData) -> float:
    return max((point.measure or 0.0 for point in curve.points), default=0.0)


def _draw_run(
    axes: Axes, run: Trace, lanes: Sequence[tuple[str, int, str, str]], caption: str
) -> None:
    end = run.makespan or 1.0
    draw_lanes(axes, run, lanes, end)
    axes.set_xlim(0, end)
    axes.set_xlabel("seconds", color=THEME.quiet)
    axes.set_title(in_lines(caption, 80), loc="left", fontsize=10.5, color=THEME.ink)
    _quieten(axes)


def _quieten(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(THEME.line)
    axes.tick_params(colors=THEME.quiet, labelsize=10)


def _draw_points(axes: Axes, curve: CurveData, opened: Point | None) -> None:
    values = [point.value for point in curve.points]
    heights = [math.nan if p.measure is None else p.measure for p in curve.points]
    failed = [point.value for point in curve.points if point.measure is None]
    colour = palette.stage_colour(0)
    axes.plot(values, heights, "o-", color=colour, lw=1.8, ms=5, clip_on=False)
    if failed:  # a line without points would claim the whole figure as its own
        axes.plot(failed, [0] * len(failed), "x", color=palette.LOSS, ms=8, mew=2.5, clip_on=False)
    if opened and opened.measure is not None:
        here = (opened.value, opened.measure)
        axes.plot(*here, "o", color=colour, ms=11, clip_on=False)
        text, highest = f"{opened.measure:.4g}", _highest(curve)
        below = -14 if opened.measure > NEAR_AXIS * highest else 8
        axes.annotate(text, here, (10, below), textcoords="offset points", color=THEME.ink)
