"""Search: many runs of one pipeline, each under a schedule of its own, and the one that fails.

    search(make, runs=500, capacity=(1, 16, 1, 3))

`make` is that of `explore`. A square stands for each run, filled if the run failed; the shortest
failure is open below, under a time cursor. A click on another square opens its run instead.
"""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped] # it has no hints

from pipeline_kit.live.explore import PredictionLike
from pipeline_kit.live.knobs import Knobs, KnobSpec, make_knobs
from pipeline_kit.live.picture import explain, picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Make, Simulation, built
from pipeline_kit.live.tables import tables_of
from pipeline_kit.live.tally import Tally, TallyData, plot_tally
from pipeline_kit.live.widgets import Player
from pipeline_kit.schedules import Claim, ScheduledRun, Search, search_schedules
from pipeline_kit.trace import Trace

SearchGoal = Callable[[Search], bool]
"""Tells from a whole search whether something has been reached."""


def search(
    make: Make,
    *,
    title: str = "",
    claim: Claim | None = None,
    runs: int = 500,
    seed: int = 0,
    jitter: float = 0.5,
    goals: Mapping[str, SearchGoal] | None = None,
    prediction: PredictionLike | None = None,
    **knobs: KnobSpec,
) -> "ScheduleSearch":
    """Return a figure of `runs` runs under shuffled schedules, with the shortest failure open.

    It shows itself when it is the last line of a cell. Each move of a slider searches anew.

    Args:
        make: called with the knobs as attributes, anew for each run; returns a pipeline and its
            source.
        title: what it shows, in a sentence; by default how many fail.
        claim: what must hold of each run, besides that it ends; see `search_schedules`.
        runs: how many schedules to try.
        seed: where they are drawn from.
        jitter: how much longer than asked for a delay may last, as a share of it.
        goals: what there is to reach, in words, each with a function of the `Search`.
        prediction: the reader's, from `predict`; the runs stay covered until it is locked in.
        knobs: `name=(lowest, highest, step, value to begin with)`, and a unit if there is one; at
            most six.

    Raises:
        TypeError: `make` does not return a pipeline and its source, or a knob is no such tuple.
        ValueError: `runs`, `jitter` or a knob makes no sense.
    """

    def look(values: Knobs) -> Search:
        return search_schedules(
            lambda: built(make, values), claim=claim, runs=runs, seed=seed, jitter=jitter
        )

    return ScheduleSearch(look, make_knobs(knobs), title, goals or {}, prediction)


class ScheduleSearch:
    """What `search` returns: the runs of a search, one of them open."""

    def __init__(
        self,
        look: Callable[[Knobs], Search],
        knobs: Knobs,
        title: str,
        goals: Mapping[str, SearchGoal],
        prediction: PredictionLike | None,
    ) -> None:
        self._look, self._title, self._goals, self._prediction = look, title, goals, prediction
        self._found: dict[tuple[float, ...], Search] = {}
        self._showing = Showing()
        self.knobs = knobs
        """Where the sliders stand."""
        self._tally = Tally(knobs=knobs.as_data())
        self._player = Player()
        self._box = widgets.VBox([self._tally, self._player])
        self._search_now()
        self._tally.observe(lambda change: self._open(change["new"]), "opened")
        self._tally.observe(self._knobs_moved, "values")
        if prediction:
            prediction.on_lock(lambda *_: self._show())

    @property
    def result(self) -> Search:
        """The search for where the sliders stand."""
        where = tuple(self.knobs.values().values())
        if where not in self._found:  # a reader goes back and forth; each place is searched once
            self._found[where] = self._look(self.knobs)
        return self._found[where]

    @property
    def opened(self) -> ScheduledRun:
        """The run that is open."""
        return self._run

    @property
    def trace(self) -> Trace:
        """The record of the run that is open."""
        return self._run.trace

    def goals(self) -> dict[str, bool]:
        """Tell of each goal whether it is reached."""
        return {goal["text"]: goal["reached"] for goal in self._judged()}

    def open(self, number: int) -> None:
        """Open the run under schedule `number`, as a click on its square does.

        Raises:
            ValueError: there is no such schedule.
        """
        if not 0 <= number < len(self.result.runs):
            raise ValueError(f"schedules go from 0 to {len(self.result.runs) - 1}, got {number!r}")
        self._tally.opened = number

    def set(self, **values: float) -> None:
        """Move knobs, as a reader would with the sliders: `figure.set(capacity=5)`."""
        self.knobs.set(values)
        self._tally.knobs = self.knobs.as_data()
        self._search_now()

    def _knobs_moved(self, change: Any) -> None:
        self.knobs.set(change["new"])
        self._search_now()

    def _search_now(self) -> None:
        shortest = self.result.shortest
        self._run = self.result.replay(shortest.number if shortest else 0)
        with self._tally.hold_trait_notifications():
            self._tally.opened = self._run.number
        self._show()

    def _open(self, number: int) -> None:
        if number != self._run.number:
            self._run = self.result.replay(number)
            self._show()

    def _show(self) -> None:
        covered = self._prediction is not None and not self._prediction.locked
        data = TallyData(self.result)
        self._tally.title = self._title or data.finding()
        self._tally.said = self._said()
        if covered and self._prediction:
            self._tally.title = self._prediction.question
        self._tally.goals = self._judged()
        self._tally.tally = {} if covered else data.as_data()
        self._player.picture = _picture(None if covered else self._run)

    def _said(self) -> str:
        if self._prediction is None or not self._prediction.locked:
            return ""
        return f"You said: {self._prediction.value:g} {self._prediction.unit}"

    def _judged(self) -> list[dict[str, Any]]:
        return [_judge(text, goal, self.result) for text, goal in self._goals.items()]

    def _ipython_display_(self) -> None:
        data = TallyData(self.result)
        figure = plot_tally(data, self._run, title=self._title)
        tables = [data.table(), *tables_of(self.trace, f"Schedule {self._run.number}: ")]
        self._showing.show(self._box, figure, data.describe(), tables)


def _judge(text: str, goal: SearchGoal, found: Search) -> dict[str, Any]:
    try:
        return {"text": text, "reached": bool(goal(found)), "error": ""}
    except Exception as error:
        return {"text": text, "reached": False, "error": explain(error)}


def _picture(run: ScheduledRun | None) -> dict[str, Any]:
    """Return the picture of a run, with its broken claim; an empty one of none."""
    if run is None:
        return picture_of(Simulation(Trace([])), " ")
    picture = picture_of(Simulation(run.trace, run.error, ended=run.seconds))
    return {**picture, "error": picture["error"] or run.failure}
