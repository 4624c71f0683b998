"""A tally: a square for each run of a search, filled if the run failed; on a page and in print."""

from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline_kit.live import palette
from pipeline_kit.live.sheet import THEME, sheet
from pipeline_kit.live.still_lanes import draw_lanes, lanes_of
from pipeline_kit.live.tables import Table
from pipeline_kit.live.up_to import up_to
from pipeline_kit.live.widgets import script, style
from pipeline_kit.schedules import ScheduledRun, Search

ACROSS = 50
"""Cells in a row."""


@dataclass(frozen=True, slots=True)
class TallyData:
    """What there is to see of a search as a whole."""

    search: Search

    def finding(self) -> str:
        """Return how many schedules fail, in a sentence."""
        failed, runs = len(self.search.failed), len(self.search.runs)
        shortest = self.search.shortest
        if shortest is None:
            return f"None of {runs} schedules fails"
        some = "All" if failed == runs else f"{failed} of"
        return (
            f"{some} {runs} schedules fail; the shortest is number {shortest.number}, "
            f"after {shortest.steps} steps"
        )

    def describe(self) -> str:
        """Return the text alternative: the finding, and what the shortest failing run says."""
        shortest = self.search.shortest
        return f"{self.finding()}: {shortest.failure}" if shortest else f"{self.finding()}."

    def table(self) -> Table:
        """Return the runs that fail as a table, the shortest first."""
        failed = sorted(self.search.failed, key=lambda run: (run.steps, run.number))
        rows = [(run.number, run.steps, run.seconds, run.failure) for run in failed]
        return Table("Schedules that fail", ["schedule", "steps", "seconds", "failure"], rows)

    def as_data(self) -> dict[str, Any]:
        """Return the runs as columns for the browser."""
        runs, shortest = self.search.runs, self.search.shortest
        return {
            "failed": [bool(run.failure) for run in runs],
            "steps": [run.steps for run in runs],
            "seconds": [run.seconds for run in runs],
            "shortest": None if shortest is None else shortest.number,
            "across": ACROSS,
        }


class Tally(anywidget.AnyWidget):
    """Shows which runs of a search failed, and lets the reader open each of them."""

    _esm = script("page", "knobs", "goals", "tally")
    _css = style()
    palette = traitlets.Dict(palette.as_data()).tag(sync=True)
    knobs: Any = traitlets.List().tag(sync=True)
    values: Any = traitlets.Dict().tag(sync=True)
    tally: Any = traitlets.Dict().tag(sync=True)
    """The runs, as of `TallyData.as_data`; empty as long as they are covered."""
    title = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    """What the reader has predicted, once it is locked in."""
    goals: Any = traitlets.List().tag(sync=True)
    opened = traitlets.Int(0).tag(sync=True)
    """Which run is open, counted from 0."""


def plot_tally(data: TallyData, opened: ScheduledRun, *, title: str = "") -> Figure:
    """Draw a tally with matplotlib, and below it the lanes of the run that is open.

    A filled square is a run that failed; a ring is around the one that is open.

    Args:
        data: the search.
        opened: the run that is open, with its trace.
        title: what it shows, in a sentence; by default the finding.
    """
    run = up_to(opened.trace, opened.seconds) if opened.error else opened.trace
    lanes, rows = list(lanes_of(run)), -(-len(data.search.runs) // ACROSS)
    heights = [0.165 * rows, 0.3 * len(lanes) + 0.3]
    figure = sheet(title or data.finding(), sum(heights) + 1.2)
    squares, gantt = figure.subplots(2, 1, height_ratios=heights)
    _draw_squares(squares, data, opened.number)
    end = run.makespan or 1.0
    draw_lanes(gantt, run, lanes, end)
    gantt.set_xlim(0, end)
    gantt.set_xlabel(f"seconds, in schedule {opened.number}", color=THEME.quiet)
    gantt.spines[["top", "right", "left"]].set_visible(False)
    gantt.tick_params(colors=THEME.quiet)
    return figure


def _draw_squares(axes: Axes, data: TallyData, opened: int) -> None:
    for number, run in enumerate(data.search.runs):
        row, column = divmod(number, ACROSS)
        fill, edge = (THEME.ink, THEME.ink) if run.failure else ("none", THEME.line)
        axes.plot(column, row, "s", ms=7, mew=0.8, mfc=fill, mec=edge)
    row, column = divmod(opened, ACROSS)
    axes.plot(column, row, "o", ms=15, mfc="none", mec=palette.stage_colour(0), mew=2.0)
    axes.set_xlim(-1, ACROSS)
    axes.set_ylim(-(-len(data.search.runs) // ACROSS) - 0.2, -0.8)
    axes.set_axis_off()
