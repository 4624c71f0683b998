"""Explore: move a slider, and the whole run is simulated again in virtual time and redrawn.

    def make(knobs):
        async def slow(item):
            await asyncio.sleep(knobs.delay)
            return item
        return Pipeline(Stage(slow, buffer=knobs.buffer)), range(20)

    explore(make, buffer=(0, 20, 1, 2), delay=(0.1, 1.0, 0.1, 0.4, "s"),
            goals={"all out within 5 s": lambda trace: trace.makespan <= 5})

The same `make` runs for real, on the clock on the wall, with `watch`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pipeline_kit.live.describe import describe
from pipeline_kit.live.knobs import Knobs, KnobSpec, make_knobs
from pipeline_kit.live.picture import explain, picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Make, Simulation, simulate
from pipeline_kit.live.static import plot_trace
from pipeline_kit.live.tables import tables_of
from pipeline_kit.live.widgets import Player
from pipeline_kit.trace import Trace

Goal = Callable[[Trace], bool]
"""Tells from the trace of a run whether something has been reached."""


class PredictionLike(Protocol):
    """What `explore` needs to know of a prediction, such as one made by `predict`."""

    question: str
    unit: str

    @property
    def value(self) -> float | None:
        """The predicted number, None as long as there is none."""

    @property
    def locked(self) -> bool:
        """Whether the reader has committed to it."""

    def on_lock(self, callback: Callable[..., object]) -> object:
        """Call `callback` when it is locked in."""


def explore(
    make: Make,
    *,
    title: str = "",
    goals: Mapping[str, Goal] | None = None,
    prediction: PredictionLike | None = None,
    until: float | None = None,
    **knobs: KnobSpec,
) -> "Explorer":
    """Return a figure of a run in virtual time, with a slider for each of the `knobs`.

    It shows itself when it is the last line of a cell.

    Args:
        make: called with the values of the knobs as attributes; returns a pipeline and its source.
        title: what the picture shows, in a sentence; by default the finding of each run.
        goals: what there is to reach, in words, each with a function of the run's `Trace` that
            tells whether it has been; they tick themselves under the figure.
        prediction: the reader's, from `predict`; the run stays covered until it is locked in, and
            then the prediction stands on the axes. If its unit is "s" it is a point in time.
        until: where the time axis ends and a longer run is cut off, in virtual seconds.
        knobs: `name=(lowest, highest, step, value to begin with)`, and a unit if there is one; at
            most six.

    Raises:
        TypeError: a knob is not four numbers and perhaps a unit.
        ValueError: there are too many knobs, or the numbers of one do not go together.
    """
    return Explorer(make, make_knobs(knobs), title, goals or {}, prediction, until)


class Explorer:
    """What `explore` returns: a run, and the sliders that make a new one."""

    def __init__(
        self,
        make: Make,
        knobs: Knobs,
        title: str,
        goals: Mapping[str, Goal],
        prediction: PredictionLike | None,
        until: float | None,
    ) -> None:
        self._make, self._title, self._goals, self._until = make, title, goals, until
        self._prediction = prediction
        self._showing = Showing()
        self.knobs = knobs
        """Where the sliders stand."""
        self.simulation = simulate(make, knobs, until=until or math.inf)
        """The run for these values, with its error if it had one."""
        self._player = Player(knobs=knobs.as_data(), picture=self._picture(), until=until)
        self._player.observe(self._knobs_moved, "values")
        if prediction:
            self._show_prediction()
            prediction.on_lock(lambda *_: self._show_prediction())

    @property
    def trace(self) -> Trace:
        """The record of the run that is shown."""
        return self.simulation.trace

    def goals(self) -> dict[str, bool]:
        """Tell of each goal whether this run reaches it."""
        return {goal["text"]: goal["reached"] for goal in self._player.picture["goals"]}

    def set(self, **values: float) -> None:
        """Move knobs, as a reader would with the sliders: `figure.set(buffer=5)`."""
        self.knobs.set(values)
        self.simulation = simulate(self._make, self.knobs, until=self._until or math.inf)
        with self._player.hold_trait_notifications():
            self._player.knobs = self.knobs.as_data()
            self._player.picture = self._picture()

    def _knobs_moved(self, change: Any) -> None:
        self.knobs.set(change["new"])
        self.simulation = simulate(self._make, self.knobs, until=self._until or math.inf)
        self._player.picture = self._picture()

    def _picture(self) -> dict[str, Any]:
        return {
            **picture_of(self.simulation, self._title, self._until),
            "goals": [judge(text, goal, self.simulation) for text, goal in self._goals.items()],
        }

    def _show_prediction(self) -> None:
        assert self._prediction
        self._player.prediction = prediction_data(self._prediction)

    def _ipython_display_(self) -> None:
        picture = self._player.picture
        figure = plot_trace(
            self.trace, title=picture["title"], until=self._until, moment=picture["moment"]
        )
        text = f"{picture['title']}\n{picture['error']}" if picture["error"] else ""
        words = text or describe(self.trace)
        self._showing.show(self._player, figure, words, tables_of(self.simulation.whole))


def prediction_data(prediction: PredictionLike) -> dict[str, Any]:
    """Return a prediction as plain values for the browser."""
    return {
        "question": prediction.question,
        "unit": prediction.unit,
        "value": prediction.value,
        "locked": prediction.locked,
    }


def judge(text: str, goal: Goal, simulation: Simulation) -> dict[str, Any]:
    """Return a goal with whether `simulation` reaches it; a run that went wrong reaches none."""
    if simulation.error:
        return {"text": text, "reached": False, "error": ""}
    try:
        return {"text": text, "reached": bool(goal(simulation.trace)), "error": ""}
    except Exception as error:
        return {"text": text, "reached": False, "error": explain(error)}
