"""A world whose results belong to keys rather than to items, so that one result may serve many.

Items are keys here, and the only stage is a service that is asked about a key. What it says is the
result of every item with that key, whether the answer asks again or remembers. When the data of a
key change (the stream `changes`), what was asked before is out of date for all who come later.
"""

from dataclasses import dataclass, field

from pipeline_kit.grading.process.protocol import Request
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, SOURCE, Kind


@dataclass(frozen=True, kw_only=True)
class KeyedWorld(World):
    """A world in which items are keys, and results are the results of keys."""

    @property
    def known(self) -> set[int]:
        """All keys that the service knows: those of the items, and those to warm up with."""
        return {*self.items, *self.arguments.get("warm", ())}


@dataclass
class Lookup:
    """One time that the service was asked."""

    key: int
    started: float
    """Virtual seconds."""
    finished: float | None = None
    """Virtual seconds; None if it failed or was given up."""
    serves: list[int] = field(default_factory=list)
    """Numbers of the items that were given its result."""


class KeyedPlay(Play):
    """One performance of a `KeyedWorld`."""

    def __init__(self, world: KeyedWorld) -> None:
        super().__init__(world)
        self.lookups: list[Lookup] = []
        """Every time that the service was asked, in order."""
        self._known = world.known
        self._results: dict[int, Lookup] = {}
        self._served: set[int] = set()

    def _work(self, request: Request) -> None:
        stage, key = request.stage, request.value
        if key not in self._known:
            super()._work(request)  # which knows what to say of it
            return
        lookup = Lookup(key, self.now)
        self.lookups.append(lookup)
        item = self._first_with(key, {e.item for e in self.trace.of(stage, "started")})
        worker = self._free_worker(request)
        if item is not None:
            self._write("started", item, stage, worker=worker)

        def end(kind: Kind, note: str = "") -> None:
            del self._at_work[stage][request.id]
            if item is not None:
                self._write(kind, item, stage, note, worker)

        def finish() -> list[object]:
            if item is not None and self.world.failing == (stage, item):
                end("failed", "failed")
                return ["error", self.world.error]
            end("finished")
            lookup.finished = self.now
            result = 0 if self.world.zeros and lookup is self.lookups[0] else self._make_up()
            self._results[result] = lookup
            return ["value", result]

        ready = self.now + self.world.duration(stage, item or 0)
        self._agenda.plan(ready, request.id, finish, undo=lambda: end("failed", "cancelled"))

    def _identify(self, stage: str, value: int) -> int | None:
        """Return the first item that waits for this result."""
        if stage != SINK or value not in self._results:
            return None
        lookup = self._results[value]
        item = self._first_with(lookup.key, self._served)
        if item is None:  # one too many: that is for a claim to say
            return next((i for i in self._entered() if self.world.items[i] == lookup.key), None)
        lookup.serves.append(item)
        self._served.add(item)
        self._note_as_passed(item)
        return item

    def _note_as_passed(self, item: int) -> None:
        """Have an item that the service was not asked about pass it in no time, for the record."""
        stage = next(iter(self.world.work))
        if all(e.item != item for e in self.trace.of(stage, "started")):
            self._write("started", item, stage)
            self._write("finished", item, stage)

    def _first_with(self, key: int, but: set[int]) -> int | None:
        waiting = (i for i in self._entered() if self.world.items[i] == key and i not in but)
        return next(waiting, None)

    def _entered(self) -> list[int]:
        return sorted(e.item for e in self.trace.of(SOURCE, "finished"))
