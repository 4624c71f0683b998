"""A world in which single items fail, and in which the answer reports them to a second sink."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline_kit.grading.process.protocol import Request
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.marks import Mark
from pipeline_kit.trace import Event, Kind

ALWAYS = 1_000
"""A number of failures that no answer outlasts."""


@dataclass(frozen=True, kw_only=True)
class FailingWorld(World):
    """A world in which stages fail with some items and not with others."""

    failures: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """For a stage: the items with which it fails, and how many times before it does its work."""


@dataclass(frozen=True)
class ReportedItem:
    """What the answer has handed to `errors`."""

    time: float
    """Virtual seconds."""
    value: int
    """What it said had failed: the item as the source yielded it."""
    cause: str
    """The stage whose error it was; `"timeout"` for a time limit; "" for anything else."""


class FailingPlay(Play):
    """One performance of a `FailingWorld`."""

    def __init__(self, world: FailingWorld) -> None:
        super().__init__(world)
        self.reports: list[ReportedItem] = []
        """All that was handed to `errors`, in order."""
        self.errors_closed: list[float] = []
        """When `errors` was closed, in virtual seconds; more than once is a mistake."""
        self.late_reports: list[ReportedItem] = []
        """What was handed to `errors` although it had been closed."""
        self._failures = {stage: Counter(items) for stage, items in world.failures.items()}

    def owner(self, value: int) -> int | None:
        """Return the item whose value this is, or was on its way; None if it is nobody's."""
        now = (item for item, its_value in enumerate(self._values) if its_value == value)
        return next(now, self._former_values.get(value))

    def _failure(self, stage: str, item: int) -> str:
        left = self._failures.get(stage)
        if left and left[item]:
            left[item] -= 1
            return f"{stage} cannot work on this item (made up by the grader)"
        return super()._failure(stage, item)

    def _write(self, kind: Kind, item: int, stage: str, note: str = "", worker: int = 0) -> None:
        """Write down what happens; a try that follows at once upon another goes on with it."""
        failed = Event(self.now, "failed", item, stage, worker, "failed")
        if kind == "started" and failed in self.trace.events:
            self.trace.events.remove(failed)
            self.trace.marks.append(Mark(self.now, "retry", item, stage, worker))
        else:
            super()._write(kind, item, stage, note, worker)

    def _report(self, request: Request) -> None:
        report = ReportedItem(self.now, request.value, request.stage)
        self.reports.append(report)
        if self.errors_closed:
            self.late_reports.append(report)
        self._agenda.plan(self.now, request.id, lambda: ["value", None])

    def _close(self, request: Request) -> None:
        if request.stage == "errors":
            self.errors_closed.append(self.now)
        else:
            super()._close(request)
