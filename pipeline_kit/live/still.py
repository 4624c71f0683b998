"""Still pictures of a comparison and of one item's way, for wherever widgets do not live."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline_kit.live import palette
from pipeline_kit.live.delays import Delay, Delays
from pipeline_kit.live.describe import seconds
from pipeline_kit.live.sheet import LINE, THEME, in_lines, sheet
from pipeline_kit.live.still_lanes import draw_lanes, lanes_of
from pipeline_kit.trace import Span, Trace

LANE = 0.3
"""Height of a lane in inches."""
ACROSS = 86
"""Letters of a caption in one line."""

TEXT_ON_WAY = 0.09
"""What an item did is written on its way if it took at least this share of the time axis."""


def plot_comparison(
    traces: Sequence[Trace], *, title: str, captions: Sequence[str], mark: float | None
) -> Figure:
    """Draw the lanes of several runs above each other, over the same time.

    Args:
        traces: the runs.
        title: what the picture shows, in a sentence.
        captions: what each run is, and what to see in it.
        mark: the moment, in seconds, at which they part; None if they do not.
    """
    end = max(trace.makespan for trace in traces) or 1.0
    lanes = [list(lanes_of(trace)) for trace in traces]
    captions = [in_lines(caption, ACROSS) for caption in captions]
    heights = [
        LANE * len(rows) + LINE * caption.count("\n") + 0.25
        for rows, caption in zip(lanes, captions, strict=True)
    ]
    panels = _panels(title, heights, end)
    for axes, trace, rows, caption in zip(panels, traces, lanes, captions, strict=True):
        draw_lanes(axes, trace, rows, end)
        axes.set_title(caption, loc="left", fontsize=10.5, color=THEME.ink)
        axes.axvline(trace.makespan, color=THEME.quiet, lw=1, ls=(0, (1, 2)))
        if mark is not None:
            axes.axvline(mark, color=THEME.ink, lw=1.6, ls=(0, (5, 3)))
    return _figure_of(panels[0])


def plot_way(trace: Trace, item: int, *, title: str) -> Figure:
    """Draw the time each item took, the way of `item`, and the lanes of those in its way.

    Args:
        trace: the run.
        item: the number of the item.
        title: what the picture shows, in a sentence.
    """
    lanes, stretches = list(lanes_of(trace)), Delays(trace).of(item)
    end = trace.makespan or 1.0
    bars, way = _panels(title, [0.8, LANE * (len(lanes) + 1) + 0.2], end, share=False)
    _draw_times(bars, trace, item)
    colours = {stage: colour for stage, _, _, colour in lanes}
    for delay in stretches:
        _draw_stretch(way, delay, colours.get(delay.span.stage, palette.NEUTRAL), end)
    for loss in (e for e in trace.events if e.item == item and e.kind in ("failed", "dropped")):
        way.plot(loss.time, 0, "x", color=palette.LOSS, ms=9, mew=3, clip_on=False)
    for row, (stage, worker, _, colour) in enumerate(lanes, 1):
        for span in trace.lane(stage, worker):
            if span.item is not None:
                _draw_span(way, row, span, colour, _role(span, item, stretches), end)
    way.set_yticks(range(len(lanes) + 1), [f"item {item}", *(label for *_, label, _ in lanes)])
    way.set_ylim(len(lanes) + 0.6, -0.6)
    way.tick_params(axis="y", length=0, labelcolor=THEME.ink)
    return _figure_of(way)


def _panels(
    title: str, heights: Sequence[float], end: float, *, share: bool = True
) -> Sequence[Axes]:
    figure = sheet(title, sum(heights) + 0.9)
    panels: Sequence[Axes] = figure.subplots(len(heights), 1, sharex=share, height_ratios=heights)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(THEME.line)
        axes.tick_params(colors=THEME.quiet, labelsize=10)
    panels[-1].set_xlim(0, end)
    panels[-1].set_xlabel("seconds", color=THEME.quiet)
    return panels


def _draw_times(axes: Axes, trace: Trace, item: int) -> None:
    """Draw how long each item took, and how much of that was work."""
    found, numbers = Delays(trace), sorted(trace.spans())
    worked = [
        sum(span.end - span.start for span in trace.path(n) if span.state == "working")
        for n in numbers
    ]
    edges = [THEME.ink if number == item else THEME.quiet for number in numbers]
    took = [found.latency(number) for number in numbers]
    axes.bar(numbers, took, 0.8, facecolor="none", edgecolor=edges, lw=0.8)
    axes.bar(numbers, worked, 0.8, color=edges)
    axes.set_ylabel("took (s)", color=THEME.ink)
    axes.set_xticks([item], [f"item {item}"])
    axes.set_xlim(-1, max(numbers) + 1)


def _draw_stretch(axes: Axes, delay: Delay, colour: str, end: float) -> None:
    span = delay.span
    axes.broken_barh([(span.start, delay.seconds)], (-0.4, 0.8), **_look(span.state, colour))
    if delay.seconds < TEXT_ON_WAY * end:
        return
    ink = palette.ink_on(colour) if span.state == "working" else THEME.ink
    card = {"facecolor": THEME.page, "edgecolor": "none", "pad": 1.5}
    words, middle = f"{span.state} {seconds(delay.seconds)}", (span.start + span.end) / 2
    look: dict[str, Any] = {"ha": "center", "va": "center", "size": 9, "color": ink}
    axes.text(middle, 0, words, **look, bbox=card if span.state == "blocked" else None)


def _role(span: Span, item: int, stretches: Sequence[Delay]) -> str:
    """Tell whether a span is the item's own, in its way, or neither."""
    if span.item == item:
        return "own"
    for delay in stretches:
        together = span.start < delay.span.end and span.end > delay.span.start
        if together and any(span.stage == at and span.item in who for at, who in delay.ways):
            return "in the way"
    return "other"


def _draw_span(axes: Axes, row: int, span: Span, colour: str, role: str, end: float) -> None:
    bar, height = [(span.start, span.end - span.start)], (row - 0.34, 0.68)
    if role == "other":
        axes.broken_barh(bar, height, facecolor="none", edgecolor=THEME.line, lw=0.8)
    else:
        axes.broken_barh(bar, height, **_look(span.state, colour if role == "own" else THEME.ink))
    if span.state == "working" and span.end - span.start > 0.03 * end:
        ink = {"own": palette.ink_on(colour), "in the way": THEME.page, "other": THEME.quiet}[role]
        middle = (span.start + span.end) / 2
        axes.text(middle, row, str(span.item), ha="center", va="center", color=ink, size=9)


def _look(state: str, colour: str) -> dict[str, Any]:
    """Return how a state looks: working solid, blocked hatched, waiting an outline."""
    return {
        "facecolor": colour if state == "working" else THEME.page,
        "edgecolor": THEME.page if state == "working" else colour,
        "hatch": "/////" if state == "blocked" else None,
        "lw": 1.0,
    }


def _figure_of(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure
