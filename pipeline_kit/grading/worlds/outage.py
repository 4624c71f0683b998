"""A world with a service that is down now and then, and something to fall back on meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, Kind, StageShape, Trace

SERVICE, FALLBACK = "service", "fallback"


@dataclass(frozen=True, kw_only=True)
class OutageWorld(World):
    """A world whose first stage is a service, and its second what stands in for it."""

    outages: Sequence[tuple[float, float]] = ()
    """From when until when the service is down: calls that begin in that time will fail."""


@dataclass
class Call:
    """One call of the service or of the fallback."""

    name: str
    item: int
    started: float
    """Virtual seconds."""
    ended: float = inf
    """Virtual seconds; infinite while it goes on."""
    failed: bool = False


class OutagePlay(Play):
    """One performance of an `OutageWorld`.

    In its trace both are one stage, because an item passes the one or the other.
    """

    def __init__(self, world: OutageWorld) -> None:
        super().__init__(world)
        self.calls: list[Call] = []
        """All calls of service and fallback, in order."""
        self._outages = world.outages
        workers = world.workers.get(SERVICE, 1)
        self.trace = Trace([StageShape(SERVICE, workers), StageShape(SINK)])

    def has_failed(self, stage: str) -> bool:
        """Tell whether `stage` has failed with any item."""
        return any(call.failed for call in self.calls if call.name == stage)

    def _failure(self, stage: str, item: int) -> str:
        started = next(call.started for call in reversed(self.calls) if call.item == item)
        if stage == SERVICE and any(start <= started < end for start, end in self._outages):
            return f"{SERVICE} is down (made up by the grader)"
        return super()._failure(stage, item)

    def _been_at(self, stage: str) -> set[int]:
        if stage == SINK:
            return super()._been_at(stage)
        return {call.item for call in self.calls if call.name == stage}

    def _write(self, kind: Kind, item: int, stage: str, note: str = "", worker: int = 0) -> None:
        if stage in (SERVICE, FALLBACK):
            self._note_call(kind, item, stage)
            stage = SERVICE
        super()._write(kind, item, stage, note, worker)

    def _note_call(self, kind: Kind, item: int, name: str) -> None:
        if kind == "started":
            self.calls.append(Call(name, item, self.now))
            return
        call = next(c for c in reversed(self.calls) if (c.name, c.item) == (name, item))
        call.ended, call.failed = self.now, kind == "failed"
