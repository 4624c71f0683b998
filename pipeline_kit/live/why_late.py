"""Why late: choose an item of a recorded run, and see where its time went and who was in the way.

    figure = explore(make, …)
    why_late(figure.trace)            # begins with the item that took longest
    why_late(figure.trace, item=37)

The bars at the top are the times of all items; the lanes below are those of the run, in which only
the chosen item and those that were in its way keep their colour.
"""

from typing import Any

from pipeline_kit.live.delays import Delay, Delays
from pipeline_kit.live.picture import STATES, picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Simulation
from pipeline_kit.live.still import plot_way
from pipeline_kit.live.tables import table_of_way, tables_of
from pipeline_kit.live.tell_delays import tell
from pipeline_kit.live.widgets import LatePlayer
from pipeline_kit.trace import SOURCE, Trace

MOST_ITEMS = 500
"""Of a longer run, only the first so many items can be chosen."""


def why_late(trace: Trace, item: int | None = None) -> "WhyLate":
    """Return a figure of one item's way through a run; another is chosen by slider or by keys.

    It shows itself when it is the last line of a cell.

    Args:
        trace: the run, such as `figure.trace` of `explore`, or `run.trace`.
        item: the number of the item to begin with; by default the one that took longest.

    Raises:
        ValueError: nothing has entered the run, or no item of that number, or only after the first
            500.
    """
    numbers = sorted(trace.spans())[:MOST_ITEMS]
    if not numbers:
        raise ValueError("trace must hold one item or more, got one into which none has entered")
    if item is not None and item not in numbers:
        raise ValueError(
            f"item must be one of those that entered, {numbers[0]} to {numbers[-1]}, got {item!r}"
        )
    return WhyLate(trace, numbers, item)


class WhyLate:
    """What `why_late` returns: a run, and the item of it that is looked at."""

    def __init__(self, trace: Trace, numbers: list[int], item: int | None) -> None:
        self.trace = trace
        """The run."""
        found = Delays(trace)
        self._stretches = {number: found.of(number) for number in numbers}
        slowest = max(numbers, key=lambda number: (found.latency(number), -number))
        self._player = LatePlayer(
            picture=picture_of(Simulation(trace)),
            items=[self._data(number) for number in numbers],
            item=slowest if item is None else item,
            note=_note(len(numbers), len(trace.spans())),
        )

    @property
    def item(self) -> int:
        """The number of the item that is chosen."""
        return int(self._player.item)

    def sentence(self) -> str:
        """Say of the chosen item where its time went, and who was in the way."""
        return tell(self.trace, self.item, self._stretches[self.item])

    def _data(self, number: int) -> dict[str, Any]:
        stretches = self._stretches[number]
        return {
            "item": number,
            "parts": [self._part(delay) for delay in stretches],
            "sentence": tell(self.trace, number, stretches),
        }

    def _part(self, delay: Delay) -> dict[str, Any]:
        places = [SOURCE, *(shape.name for shape in self.trace.stages)]
        span = delay.span
        return {
            "place": places.index(span.stage) - 1,
            "worker": span.worker,
            "state": STATES.index(span.state),
            "start": span.start,
            "end": span.end,
            "behind": [[places.index(at) - 1, items] for at, items in delay.ways],
        }

    def _ipython_display_(self) -> None:
        text = self.sentence()
        tables = [table_of_way(self.item, self._stretches[self.item]), *tables_of(self.trace)]
        Showing().show(self._player, plot_way(self.trace, self.item, title=text), text, tables)


def _note(shown: int, there: int) -> str:
    return f"The first {shown} of {there} items can be chosen." if shown < there else ""
