"""Sweep: one knob through all its values, a run for each, and what came of it as a curve.

    sweep(make, buffer=range(0, 21))                        # throughput against buffer
    sweep(make, buffer=range(0, 21), delay=0.4, measure="latency")
    sweep(make, load=[50, 80, 90, 95], measure=lambda trace: trace.depth("serve").maximum)

`make` is that of `explore`. A curve tells where to look and a run tells why; so a click on a point
of the curve opens its run, with a time cursor, below.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped] # it has no hints

from pipeline_kit.live.curve import Curve, CurveData, Point, plot_curve
from pipeline_kit.live.describe import describe
from pipeline_kit.live.explore import Goal, PredictionLike, judge, prediction_data
from pipeline_kit.live.knobs import Knobs
from pipeline_kit.live.measures import MEASURES, Measure
from pipeline_kit.live.picture import explain, picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Make, Simulation, simulate
from pipeline_kit.live.tables import tables_of
from pipeline_kit.live.widgets import Player
from pipeline_kit.trace import Trace

MOST_RUNS = 100
"""Each point is a whole run, and all are made before the curve is drawn."""


def sweep(
    make: Make,
    *,
    title: str = "",
    measure: str | Measure = "throughput",
    label: str = "",
    unit: str = "",
    goals: Mapping[str, Goal] | None = None,
    prediction: PredictionLike | None = None,
    opened: float | None = None,
    until: float | None = None,
    **one_knob_and_fixed: float | Iterable[float],
) -> "Sweep":
    """Return a figure of what `measure` finds in the run for each value of one knob.

    It shows itself when it is the last line of a cell.

    Args:
        make: called with the knobs as attributes; returns a pipeline and its source.
        title: what the curve shows, in a sentence; by default where it begins and ends.
        measure: one of `MEASURES` by name, or a function of a run's `Trace`.
        label: what the curve calls the measure; by default its name.
        unit: the unit of a measure that is a function.
        goals: what there is to reach, in words, each with a function of the `Trace` of the run that
            is open.
        prediction: the reader's, from `predict`; the curve stays covered until it is locked in, and
            then the prediction stands on the axis, if it has the unit of the measure.
        opened: the value whose run is open at first; by default the one in the middle.
        until: virtual seconds after which each run is cut off.
        one_knob_and_fixed: the values of the knob that is swept, such as `buffer=range(21)`, and a
            number for each knob that stays as it is.

    Raises:
        TypeError: a knob is neither a number nor several, or `measure` cannot be called.
        ValueError: not exactly one knob has several values, or there are fewer than 2 of them or
            more than 100; `measure` is not one of the names; `opened` is not one of the values.
    """
    knob, values = _swept(one_knob_and_fixed)
    function, name, unit = _measure(measure, label, unit)
    fixed = {
        key: value for key, value in one_knob_and_fixed.items() if isinstance(value, int | float)
    }
    settings = [Knobs.fixed({**fixed, knob: value}) for value in values]
    runs = [simulate(make, knobs, until=until or math.inf) for knobs in settings]
    points = [_point(value, run, function) for value, run in zip(values, runs, strict=True)]
    figure = Sweep(CurveData(knob, name, unit, points), runs, title, goals or {}, until)
    figure.open(values[len(values) // 2] if opened is None else opened)
    if prediction:
        figure.cover(prediction)
    return figure


class Sweep:
    """What `sweep` returns: a curve, and the run of the point that is open."""

    def __init__(
        self,
        curve: CurveData,
        runs: list[Simulation],
        title: str,
        goals: Mapping[str, Goal],
        until: float | None,
    ) -> None:
        self.curve = curve
        """The points, each with its value and its measure."""
        self._runs, self._title, self._goals, self._until = runs, title, goals, until
        self._at = 0
        self._showing = Showing()
        self._chart = Curve(curve=curve.as_data(), title=title or curve.finding())
        self._player = Player(until=until)
        self._box = widgets.VBox([self._chart, self._player])
        self._chart.observe(lambda change: self._open_at(change["new"]), "opened")

    @property
    def opened(self) -> float:
        """The value of the knob whose run is open."""
        return self.curve.points[self._at].value

    @property
    def trace(self) -> Trace:
        """The record of the run that is open."""
        return self._runs[self._at].trace

    def goals(self) -> dict[str, bool]:
        """Tell of each goal whether the run that is open reaches it."""
        return {goal["text"]: goal["reached"] for goal in self._player.picture["goals"]}

    def open(self, value: float) -> None:
        """Open the run for a value of the knob, as a click on its point does.

        Raises:
            ValueError: `value` is not one of those of the sweep.
        """
        values = [point.value for point in self.curve.points]
        if value not in values:
            known = ", ".join(f"{known:g}" for known in values)
            raise ValueError(f"there is no run for {self.curve.knob}={value!r}, only for {known}")
        self._open_at(values.index(value))

    def cover(self, prediction: PredictionLike) -> None:
        """Cover the curve until `prediction` is locked in."""

        def show() -> None:
            self._chart.prediction = prediction_data(prediction)
            self._box.children = [self._chart, self._player][: 1 + prediction.locked]

        show()
        prediction.on_lock(lambda *_: show())

    def _open_at(self, at: int) -> None:
        self._at = self._chart.opened = at
        run = self._runs[at]
        goals = [judge(text, goal, run) for text, goal in self._goals.items()]
        self._player.picture = {**picture_of(run, until=self._until), "goals": goals}

    def _ipython_display_(self) -> None:
        point = self.curve.points[self._at]
        figure = plot_curve(self.curve, title=self._title, opened=point, run=self.trace)
        opened = f"{self.curve.say(point)}: {describe(self.trace)}"
        tables = [self.curve.table(), *tables_of(self.trace, f"{self.curve.say(point)}: ")]
        self._showing.show(self._box, figure, f"{self.curve.describe()}\n{opened}", tables)


def _swept(knobs: Mapping[str, Any]) -> tuple[str, list[float]]:
    """Return the one knob that has several values, and these in increasing order."""
    several: dict[str, list[float]] = {}
    for name, given in knobs.items():
        if isinstance(given, int | float):
            continue
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise TypeError(f"knob {name!r} must be a number or several, got {given!r}")
        several[name] = sorted(set(given))
    if len(several) != 1:
        found = ", ".join(several) or "none"
        raise ValueError(
            f"exactly one knob must have several values, got {found}; "
            "for instance sweep(make, buffer=range(21), delay=0.4)"
        )
    [(knob, values)] = several.items()
    if not 2 <= len(values) <= MOST_RUNS:
        raise ValueError(f"knob {knob!r} must have 2 to {MOST_RUNS} values, got {len(values)}")
    return knob, values


def _measure(measure: str | Measure, label: str, unit: str) -> tuple[Measure, str, str]:
    """Return the function to measure with, what to call it, and its unit."""
    if isinstance(measure, str):
        if measure not in MEASURES:
            known = ", ".join(map(repr, MEASURES))
            raise ValueError(f"measure must be a function or one of {known}, got {measure!r}")
        function, its_unit = MEASURES[measure]
        return function, label or measure, unit or its_unit
    if not callable(measure):
        raise TypeError(f"measure must be a name or a function of a trace, got {measure!r}")
    name = getattr(measure, "__name__", "<lambda>").replace("_", " ")
    return measure, label or (name if name != "<lambda>" else "measure"), unit


def _point(value: float, run: Simulation, measure: Measure) -> Point:
    if run.error:
        return Point(value, None, explain(run.error))
    try:
        return Point(value, float(measure(run.trace)))
    except Exception as error:
        return Point(value, None, explain(error))
