"""Compare: the same items with and without a change, two runs under one time cursor.

    compare(unbuffered, buffered, labels=("without a buffer", "with one"),
            delay=(0.1, 1.0, 0.1, 0.4, "s"),
            goals={"the buffer saves 2 s": lambda one, other: one.makespan - other.makespan >= 2})

Both are simulated in virtual time, with the same knobs, so that whatever differs comes from the
change. The moment at which they part is marked, and said in a sentence.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from pipeline_kit.live.describe import describe, seconds
from pipeline_kit.live.difference import Difference, first_difference
from pipeline_kit.live.knobs import Knobs, KnobSpec, make_knobs
from pipeline_kit.live.picture import explain, picture_of
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Make, Simulation, simulate
from pipeline_kit.live.still import plot_comparison
from pipeline_kit.live.tables import tables_of
from pipeline_kit.live.widgets import ComparisonPlayer
from pipeline_kit.trace import Trace

Goal = Callable[[Trace, Trace], bool]
"""Tells from the traces of two runs, in the order of the labels, whether something is reached."""


def compare(
    make_a: Make,
    make_b: Make,
    *,
    title: str = "",
    labels: tuple[str, str] = ("without", "with"),
    until: float | None = None,
    goals: Mapping[str, Goal] | None = None,
    **knobs: KnobSpec,
) -> "Comparison":
    """Return a figure of two runs in virtual time, one above the other on the same axes.

    It shows itself when it is the last line of a cell.

    Args:
        make_a: makes the first pipeline and its source, as for `explore`.
        make_b: makes the second, with whatever is to be compared changed.
        title: what the picture shows, in a sentence; by default how much each run got out, when.
        labels: what to call the two runs.
        until: where the time axis ends and longer runs are cut off, in virtual seconds.
        goals: what there is to reach, in words, each with a function of both traces that tells
            whether it has been.
        knobs: the sliders of both runs, as for `explore`.

    Raises:
        TypeError: a knob is not four numbers and perhaps a unit.
        ValueError: the labels are not two different ones, there are too many knobs, or the numbers
            of one do not go together.
    """
    if len(labels) != 2 or labels[0] == labels[1]:
        raise ValueError(f"labels must be two names that differ, got {labels!r}")
    return Comparison((make_a, make_b), make_knobs(knobs), title, labels, until, goals or {})


class Comparison:
    """What `compare` returns: two runs, and the sliders that make two others."""

    def __init__(
        self,
        makes: tuple[Make, Make],
        knobs: Knobs,
        title: str,
        labels: tuple[str, str],
        until: float | None,
        goals: Mapping[str, Goal],
    ) -> None:
        self._makes, self._title, self._labels = makes, title, labels
        self._until, self._goals = until, goals
        self.knobs = knobs
        """Where the sliders stand."""
        self._player = ComparisonPlayer(knobs=knobs.as_data(), until=until)
        self._simulate()
        self._player.observe(self._knobs_moved, "values")

    @property
    def traces(self) -> tuple[Trace, Trace]:
        """The records of the two runs."""
        return self.simulations[0].trace, self.simulations[1].trace

    @property
    def difference(self) -> Difference | None:
        """Where the two runs part; None if they are the same."""
        return first_difference(*self.traces)

    def goals(self) -> dict[str, bool]:
        """Tell of each goal whether these runs reach it."""
        return {goal["text"]: goal["reached"] for goal in self._player.picture["goals"]}

    def set(self, **values: float) -> None:
        """Move knobs, as a reader would with the sliders: `figure.set(buffer=5)`."""
        self.knobs.set(values)
        with self._player.hold_trait_notifications():
            self._player.knobs = self.knobs.as_data()
            self._simulate()

    def _knobs_moved(self, change: Any) -> None:
        self.knobs.set(change["new"])
        self._simulate()

    def _simulate(self) -> None:
        until = self._until or math.inf
        one, other = (simulate(make, self.knobs, until=until) for make in self._makes)
        self.simulations: tuple[Simulation, Simulation] = (one, other)
        """Both runs, each with its error if it had one."""
        self._player.picture = self._picture()

    def _picture(self) -> dict[str, Any]:
        difference = self.difference
        return {
            "labels": self._labels,
            "runs": [picture_of(one, until=self._until) for one in self.simulations],
            "title": self._title or self._headline(),
            "difference": None if difference is None else difference.time,
            "sentence": self._sentence(difference),
            "goals": [self._judge(text, goal) for text, goal in self._goals.items()],
        }

    def _judge(self, text: str, goal: Goal) -> dict[str, Any]:
        # Unlike in `explore`, a run may fail and a goal be reached: that may be the difference.
        try:
            return {"text": text, "reached": bool(goal(*self.traces)), "error": ""}
        except Exception as error:
            return {"text": text, "reached": False, "error": explain(error)}

    def _headline(self) -> str:
        return "; ".join(
            f"{label}: {_outcome(one)}"
            for label, one in zip(self._labels, self.simulations, strict=True)
        )

    def _sentence(self, difference: Difference | None) -> str:
        if difference is None:
            return "The two runs are the same, from the first event to the last."
        return difference.sentence(self._labels)

    def _ipython_display_(self) -> None:
        runs = zip(self._labels, self.simulations, strict=True)
        tables = [table for name, run in runs for table in tables_of(run.whole, f"{name}: ")]
        Showing().show(self._player, self._plot(), self._text(), tables)

    def _text(self) -> str:
        runs = zip(self._labels, self.simulations, strict=True)
        told = (f"{name}: {_tell(run)}" for name, run in runs)
        return "\n".join([self._sentence(self.difference), *told])

    def _plot(self) -> Figure:
        picture = self._player.picture
        runs = zip(self._labels, picture["runs"], strict=True)
        return plot_comparison(
            [simulation.whole for simulation in self.simulations],
            title=picture["title"],
            captions=[f"{label}: {run['title']}" for label, run in runs],
            mark=picture["difference"],
        )


def _outcome(simulation: Simulation) -> str:
    trace = simulation.whole
    counts, end = trace.counts(trace.makespan), seconds(trace.makespan)
    done = f"{counts.out} of {counts.entered} out"
    if simulation.error:
        return f"{done}, then it fails at {end}"
    return f"{done} in {end}, cut off there" if simulation.cut_off else f"{done} in {end}"


def _tell(simulation: Simulation) -> str:
    if not simulation.error:
        return describe(simulation.trace)
    picture = picture_of(simulation)
    return f"{picture['title']}\n{picture['error']}"
