"""The strip of a still picture: the pipeline at one moment, from the source to the sink.

It shows what the strip above a live figure shows: items as circles, stages as boxes whose texture
says what their workers do, channels as rows of slots, filled from the right.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pipeline_kit.live import palette
from pipeline_kit.live.scene import Scene, scene_at
from pipeline_kit.live.sheet import THEME
from pipeline_kit.trace import SINK, SOURCE, StageShape, Trace

END, BOX = 0.055, 0.085
"""Widths of source and sink, and of a stage, as shares of the strip's."""
ROW = 0.3
"""Height of a worker, in inches."""
MOST_ROWS = 6
"""Of more workers than these the others are not drawn."""
MOST_SLOTS, SLOT = 20, 0.02
"""Channels with room for more are a bar; width of a slot, as a share of the strip's."""


def strip_height(stages: Sequence[StageShape]) -> float:
    """Return how high a strip of these stages is, in inches."""
    return ROW * max(min(shape.workers, MOST_ROWS) for shape in stages) + 0.75


def draw_strip(axes: Axes, trace: Trace, time: float) -> None:
    """Draw the pipeline of `trace` as it is at `time`.

    Args:
        axes: where to draw; as high as `strip_height` says.
        trace: the run.
        time: the moment, in seconds.
    """
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(-strip_height(trace.stages) / 2, strip_height(trace.stages) / 2)
    axes.text(0, axes.get_ylim()[1], f"at {time:.4g} s", va="top", color=THEME.quiet, size=10)
    _Strip(axes, trace, scene_at(trace, time), time).draw()


class _Strip:
    def __init__(self, axes: Axes, trace: Trace, scene: Scene, time: float) -> None:
        self.axes, self.stages, self.scene = axes, trace.stages, scene
        marks = (mark for mark in trace.marks if mark.time <= time and mark.kind != "retry")
        self.diamonds = {mark.item for mark in marks}
        stages = len(trace.stages) - 1
        self.gap = (1 - 2 * END - stages * BOX) / (stages + 1)

    def draw(self) -> None:
        self._box(0, 0, END, THEME.quiet, *self.scene.workers.get((SOURCE, 0), ("starved", None)))
        self._label(END / 2, ROW / 2, SOURCE, "")
        x = END
        for index, shape in enumerate(self.stages[:-1]):
            self._queue(x, shape, palette.stage_colour(index))
            self._stage(x + self.gap, shape, palette.stage_colour(index))
            x += self.gap + BOX
        self._queue(x, self.stages[-1], palette.NEUTRAL)
        self._box(x + self.gap, 0, END, THEME.quiet, "starved", None)
        self._label(1 - END / 2, ROW / 2, SINK, "out")
        self.axes.text(1 - END / 2, 0, str(self.scene.out), ha="center", va="center", weight="bold")

    def _stage(self, x: float, shape: StageShape, colour: str) -> None:
        rows = min(shape.workers, MOST_ROWS)
        doing = [self._worker(shape.name, number) for number in range(shape.workers)]
        for row, (state, item) in enumerate(doing[:rows]):
            self._box(x, (rows - 1) * ROW / 2 - row * ROW, BOX, colour, state, item)
        lost = self.scene.lost.get(shape.name)
        text = f"✕ {lost} lost" if lost else _summary([state for state, _ in doing])
        self._label(x + BOX / 2, rows * ROW / 2, shape.name, text, lost=bool(lost))

    def _worker(self, stage: str, number: int) -> tuple[str, int | None]:
        return self.scene.workers.get((stage, number), ("starved", None))

    def _box(
        self, x: float, y: float, width: float, colour: str, state: str, item: int | None
    ) -> None:
        """Draw a worker around `y`; its texture says what it does."""
        solid, blocked = state == "working", state == "blocked"
        edge = colour if solid or blocked else THEME.line
        hatch: dict[str, Any] = {"hatch": "/////"} if blocked else {}
        low = y - ROW / 2 + 0.02
        face = colour if solid else THEME.page
        box = Rectangle((x, low), width, ROW - 0.04, facecolor=face, edgecolor=edge, **hatch)
        self.axes.add_patch(box)
        if item is not None:
            self._item(item, x + width / 2, y)

    def _label(self, x: float, above: float, name: str, text: str, *, lost: bool = False) -> None:
        colour, weight = (palette.LOSS, "bold") if lost else (THEME.quiet, "normal")
        self.axes.text(x, above + 0.05, name, ha="center", va="bottom", color=THEME.ink, size=10)
        where: dict[str, Any] = {"ha": "center", "va": "top", "size": 9}
        self.axes.text(x, -above - 0.05, text, color=colour, weight=weight, **where)

    def _queue(self, x: float, shape: StageShape, colour: str) -> None:
        items = self.scene.queues.get(shape.name, [])
        capacity = shape.capacity
        if capacity == 0 or (capacity is None and not items):
            arrow: dict[str, Any] = {"arrowstyle": "-|>", "color": THEME.quiet}
            ends = (x + self.gap - 0.008, 0), (x + 0.008, 0)
            self.axes.annotate("", ends[0], ends[1], arrowprops=arrow)
        elif capacity is None or capacity > MOST_SLOTS:
            self._bar(x, len(items), capacity, colour)
        else:
            self._slots(x, items, int(capacity))

    def _slots(self, x: float, items: list[int], capacity: int) -> None:
        places = list(_slot_places(x, self.gap, capacity))
        for at, y in places:
            self.axes.plot(at, y, "s", ms=11, mfc="none", mec=THEME.line, mew=0.8)
        for item, (at, y) in zip(items, places, strict=False):
            self._item(item, at, y, small=True)
        text = f"{len(items)} of {capacity}"
        self._below(x, min(y for _, y in places) - 0.1, text)

    def _bar(self, x: float, depth: int, capacity: float | None, colour: str) -> None:
        left, width = x + 0.015, self.gap - 0.03
        most = MOST_SLOTS if capacity is None or math.isinf(capacity) else capacity
        full = width * depth / max(depth, most)
        self.axes.add_patch(Rectangle((left + width - full, -0.1), full, 0.2, fc=colour))
        outline = Rectangle((left, -0.1), width, 0.2, facecolor="none", edgecolor=THEME.quiet)
        self.axes.add_patch(outline)
        self._below(x, -0.12, f"{depth}{_bound(capacity)}")

    def _below(self, x: float, y: float, text: str) -> None:
        middle = x + self.gap / 2
        self.axes.text(middle, y, text, ha="center", va="top", color=THEME.quiet, size=9)

    def _item(self, item: int, x: float, y: float, *, small: bool = False) -> None:
        shape, size = ("D", 10.0) if item in self.diamonds else ("o", 13.5)
        fill = palette.ITEMS[item % len(palette.ITEMS)]
        size *= 0.72 if small else 1.0
        self.axes.plot(x, y, shape, ms=size, mfc=fill, mec=palette.ITEM_INK, mew=0.8)
        look: dict[str, Any] = {"ha": "center", "va": "center", "color": palette.ITEM_INK}
        self.axes.text(x, y - 0.005, str(item), size=6 if small else 7.5, **look)


def _bound(capacity: float | None) -> str:
    if capacity is None:
        return " waiting"  # the channel is the author's own, and not seen
    return ", no bound" if math.isinf(capacity) else f" of {capacity:g}"


def _summary(states: list[str]) -> str:
    if len(states) == 1:
        return states[0]
    kinds = ("working", "blocked", "starved")
    return ", ".join(f"{n} {kind}" for kind in kinds if (n := states.count(kind)))


def _slot_places(x: float, gap: float, capacity: int) -> Iterator[tuple[float, float]]:
    """Yield the centres of a channel's slots, the next to leave first: at the top right."""
    columns = min(capacity, max(1, int((gap - 0.015) / SLOT)))
    rows = -(-capacity // columns)
    right = x + (gap + columns * SLOT) / 2
    for slot in range(capacity):
        row, column = divmod(slot, columns)
        yield right - (column + 0.5) * SLOT, ((rows - 1) / 2 - row) * 0.165
