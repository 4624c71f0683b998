"""Goals under a live figure: they tick themselves while the pipeline runs, and stay ticked.

    watch(make, delay=(0, 0.2, 0.01, 0.1, "s"), goals={
        "20 items/s": lambda run: run.throughput >= 20,
        "the queue was never full": lambda run: run.out >= 100 and run.peak_depth["parse"] < 10,
    })

A goal is a function of a `Moment`, which is asked 30 times a second whether it has been reached.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline_kit.live.knobs import Knobs
from pipeline_kit.live.monitor import Sample
from pipeline_kit.live.picture import explain
from pipeline_kit.pipeline import Run


@dataclass(frozen=True, slots=True)
class Moment:
    """A live run at one moment; what is counted per stage is found under the stage's name."""

    elapsed: float
    """Seconds since the run was started, pauses included."""
    entered: int
    """Items the source has sent so far."""
    out: int
    """Results that have come out so far."""
    throughput: float
    """Results per second, over the last second."""
    count: Mapping[str, int]
    """Items each stage has passed on so far."""
    lost: Mapping[str, int]
    """Items that failed at each stage and were skipped, so far."""
    dropped: Mapping[str, int]
    """Items that the channel in front of each stage has discarded so far."""
    depth: Mapping[str, int]
    """Items in the channel in front of each stage."""
    peak_depth: Mapping[str, int]
    """The most items there ever were in it, during this run."""
    working: Mapping[str, int]
    """Workers of each stage that are working on an item."""
    blocked: Mapping[str, int]
    """Workers of each stage that hold a result and wait for room."""
    bottleneck: str | None
    """Name of the stage that limits the run, None if there is none to be seen."""
    knobs: Knobs
    """Where the sliders stand."""


LiveGoal = Callable[[Moment], bool]
"""Tells from a moment of a live run whether something has been reached."""


def moment(run: Run, sample: Sample, knobs: Knobs) -> Moment:
    """Return the moment of `run` at which `sample` was taken."""
    stages = run.metrics
    names = [stage.name for stage in stages]

    def by_name(values: list[int]) -> dict[str, int]:
        return dict(zip(names, values, strict=False))  # in a sample the sink comes last

    return Moment(
        elapsed=sample.time,
        entered=sample.entered,
        out=sample.taken[-1],
        throughput=sample.throughput,
        count={stage.name: stage.passed_on for stage in stages},
        lost=by_name(sample.lost),
        dropped=by_name(sample.dropped),
        depth=by_name(sample.depth),
        peak_depth={stage.name: stage.queue.peak_depth for stage in stages},
        working=by_name(sample.working),
        blocked=by_name(sample.blocked),
        bottleneck=None if sample.bottleneck is None else names[sample.bottleneck],
        knobs=knobs,
    )


class LiveGoals:
    """The goals of one figure, and which of them have been reached so far.

    Args:
        goals: what there is to reach, in words, each with its function.

    Raises:
        TypeError: one of them is not a function.
    """

    def __init__(self, goals: Mapping[str, LiveGoal]) -> None:
        for text, goal in goals.items():
            if not callable(goal):
                raise TypeError(
                    f"goal {text!r} must be a function of the run, got {goal!r}; for example "
                    "lambda run: run.throughput >= 20"
                )
        self._goals = goals
        self.reached = dict.fromkeys(goals, False)
        """Of each goal whether it has ever been reached."""
        self._errors = dict.fromkeys(goals, "")

    def judge(self, now: Moment) -> None:
        """Tick the goals that are reached at this moment."""
        for text, goal in self._goals.items():
            if self.reached[text]:
                continue
            try:
                self.reached[text] = bool(goal(now))
                self._errors[text] = ""
            except Exception as error:  # the reader's mistake, to be read under the figure
                self._errors[text] = explain(error)

    def as_data(self) -> list[dict[str, Any]]:
        """Return the goals as plain values for the browser."""
        return [
            {"text": text, "reached": reached, "error": self._errors[text]}
            for text, reached in self.reached.items()
        ]
