"""Replay: look at a run that has been recorded, under a time cursor."""

from pipeline_kit.live.describe import describe
from pipeline_kit.live.picture import picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Simulation
from pipeline_kit.live.static import plot_trace
from pipeline_kit.live.widgets import Player
from pipeline_kit.trace import Trace


def replay(trace: Trace, *, title: str = "", until: float | None = None) -> "Replay":
    """Return a figure of `trace` with a time cursor; it shows itself in the last line of a cell.

    Args:
        trace: the run to look at.
        title: what the picture shows, in a sentence; by default what `finding` says.
        until: where the time axis ends, in seconds; by default with the run.
    """
    return Replay(trace, title, until)


class Replay:
    """What `replay` returns: a recorded run that shows itself."""

    def __init__(self, trace: Trace, title: str, until: float | None) -> None:
        self.trace, self._title, self._until = trace, title, until
        self._player = Player(picture=picture_of(Simulation(trace), title), until=until)

    def _ipython_display_(self) -> None:
        figure = plot_trace(self.trace, title=self._title, until=self._until)
        Showing().show(self._player, figure, describe(self.trace))
