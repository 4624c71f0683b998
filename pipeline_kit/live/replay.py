"""Replay: look at a run that has been recorded, under a time cursor."""

from typing import Any

from pipeline_kit.live.describe import describe
from pipeline_kit.live.explore import PredictionLike, prediction_data
from pipeline_kit.live.picture import picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Simulation
from pipeline_kit.live.static import plot_trace
from pipeline_kit.live.tables import tables_of
from pipeline_kit.live.widgets import Player
from pipeline_kit.trace import Trace


def replay(
    trace: Trace,
    *,
    title: str = "",
    until: float | None = None,
    at: float | None = None,
    note: str = "",
    prediction: PredictionLike | None = None,
) -> "Replay":
    """Return a figure of `trace` with a time cursor; it shows itself in the last line of a cell.

    Args:
        trace: the run to look at.
        title: what the picture shows, in a sentence; by default what `finding` says.
        until: where the time axis ends, in seconds; by default with the run.
        at: where the time cursor stands at first, in seconds; by default where there is something
            to see.
        note: what is wrong with the run, to be said above the picture.
        prediction: the reader's, from `predict`; the run stays covered until it is locked in.
    """
    return Replay(trace, title, until, at, note, prediction)


class Replay:
    """What `replay` returns: a recorded run that shows itself."""

    def __init__(
        self,
        trace: Trace,
        title: str,
        until: float | None,
        at: float | None,
        note: str,
        prediction: PredictionLike | None = None,
    ) -> None:
        self.trace, self._title, self._until, self._at = trace, title, until, at
        picture = picture_of(Simulation(trace), title) | {"error": note}
        if at is not None:
            picture["moment"] = at
        self.player = Player(picture=picture, until=until)
        """The widget."""
        if prediction:
            prediction.on_lock(self._show_prediction)
            self._show_prediction(prediction)

    def _show_prediction(self, prediction: PredictionLike) -> None:
        self.player.prediction = prediction_data(prediction)

    def show(self, widget: Any = None) -> None:
        """Display the player, or the `widget` that holds it, with a picture for where it is not."""
        figure = plot_trace(self.trace, title=self._title, until=self._until, moment=self._at)
        words, tables = describe(self.trace), tables_of(self.trace)
        Showing().show(widget or self.player, figure, words, tables)

    def _ipython_display_(self) -> None:
        self.show()
