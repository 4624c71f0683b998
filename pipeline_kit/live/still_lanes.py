"""The lanes of a still picture: one for each worker, over time.

Solid is working, hatched is blocked, an empty outline is starved; what is tried again is dashed, an
answer without a call a diamond, a loss a cross.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pipeline_kit.live import palette
from pipeline_kit.live.sheet import THEME
from pipeline_kit.marks import Mark
from pipeline_kit.trace import SINK, SOURCE, Span, Trace

TEXT_ON_BAR = 0.014
"""An item's number is written on its bar if the bar takes at least this share of the time axis for
each of its digits; one digit takes as much as two, to be seen as a number."""
SEAM = 0.004
"""A bar is set apart from the next one if it takes more than this share of the time axis."""


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
        if stage == SOURCE:  # when it has nothing more to give it does not wait for anyone
            spans = [span for span in spans if span.state != "starved"]
        _draw_bars(axes, row, spans, colour, end)
        _draw_numbers(axes, row, spans, colour, end)
        _draw_marks(axes, trace, row, (stage, worker), colour)
        for loss in trace.of(stage, "failed", "dropped"):
            if loss.worker == worker:
                axes.plot(loss.time, row, "x", color=palette.LOSS, ms=8, mew=2.5, clip_on=False)
    axes.set_yticks(range(len(lanes)), [label for _, _, label, _ in lanes])
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, labelcolor=THEME.ink)
    axes.grid(axis="x", color=THEME.line, lw=0.5)
    axes.set_axisbelow(True)


def _draw_bars(axes: Axes, row: int, spans: Sequence[Span], colour: str, end: float) -> None:
    for state, look in _looks(colour).items():
        bars = [(s.start, s.end - s.start) for s in spans if s.state == state]
        if state == "working":  # no seams in a crowd, or nothing is left between them
            look["lw"] = [0.6 if length > SEAM * end else 0 for _, length in bars]
        axes.broken_barh(bars, (row - 0.36, 0.72), **look)


def _draw_numbers(axes: Axes, row: int, spans: Sequence[Span], colour: str, end: float) -> None:
    """Write the number of each item on its bar, if there is room."""
    look: dict[str, Any] = {"ha": "center", "va": "center", "color": palette.ink_on(colour)}
    for span in spans:
        room = TEXT_ON_BAR * max(2, len(str(span.item))) * end
        if span.state == "working" and span.end - span.start > room:
            axes.text((span.start + span.end) / 2, row, str(span.item), size=9, **look)


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
