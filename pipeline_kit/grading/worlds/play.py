"""One performance of a `World`: the clock, the record, and all that the answer asks for.

The play owns the virtual clock and writes down what happens. It never sees the answer's code, only
its requests:

    next            the source's next item
    hear            what a stream yields next
    work            a stage's work on a value
    send, close     the sink
    tell            something that the answer has found out
    abandon         the one who asked was cancelled

Values are whole numbers. What a stage makes of its item is a number made up on the spot, so the
only way to get a result is to ask for it.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from pipeline_kit.grading.process.protocol import Ask, Reply, Request, Stop
from pipeline_kit.grading.worlds.agenda import Agenda
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, SOURCE, Event, Kind, StageShape, Trace

_STEPS = 5_000
"""Round trips after which a run is stopped; an honest one takes about a hundred."""


@dataclass(frozen=True)
class Surprise:
    """Something the answer asked for that no honest pipeline asks for."""

    time: float
    """Virtual seconds."""
    text: str


@dataclass(frozen=True)
class Told:
    """Something the answer told by one of the world's signals."""

    time: float
    """Virtual seconds."""
    signal: str
    value: int


class Play:
    """One performance of a `World`, for one run of an answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = 0.0
        self._shapes = [StageShape(name, world.workers.get(name, 1)) for name in world.work]
        self._shapes.append(StageShape(SINK))
        self.trace = Trace(self._shapes)
        self.closed: list[float] = []
        """When the sink was closed, in seconds; more than once is a mistake."""
        self.late: list[int] = []
        """Numbers of the items that the sink took although it had been closed."""
        self.surprises: list[Surprise] = []
        self.told: list[Told] = []
        """What the answer has told, in order."""
        self._waiting = deque(range(len(world.items)))
        self._to_be_heard = {name: deque(script) for name, script in world.streams.items()}
        self._values = list(world.items)
        self._former_values: dict[int, int] = {}
        self._at_work: dict[str, dict[int, int]] = {name: {} for name in world.work}
        self._sink_free_at = 0.0
        self._agenda = Agenda()
        self._steps = 0
        # The same world makes up the same numbers, so that a run can be repeated. To guess one is
        # of no use: it does not count as an item's before the stage has worked on that item.
        self._made_up = random.Random(f"{world.items} {world.work}")
        if world.cancel_at is not None:
            self._agenda.plan(world.cancel_at, 0, list)

    def answer(self, ask: Ask) -> Reply | Stop:
        """Note all requests of this instant, move on to the next one, and say what happens then."""
        self.note(ask.requests)
        self._steps += 1
        if self.endless:
            return Stop("endless")
        times = [time for time in (self._agenda.next_time, ask.timer) if time is not None]
        if not times:
            return Stop("deadlock")
        self.now = max(self.now, min(times))
        reply = Reply(self.now, [])
        for request, happen in self._agenda.due(self.now):
            if request == 0:
                reply.cancel = True
            else:
                reply.results.append((request, *happen()))
        return reply

    @property
    def endless(self) -> bool:
        """Whether the run has gone on for longer than any honest one."""
        return self._steps > _STEPS

    def has_failed(self, stage: str) -> bool:
        """Tell whether `stage` has failed with any item."""
        return bool(self.trace.of(stage, "failed"))

    def note(self, requests: Sequence[Request]) -> None:
        """Take note of what the answer asks for at this instant."""
        for request in requests:
            getattr(self, f"_{request.kind}")(request)

    def _next(self, request: Request) -> None:
        fails = self.world.failing == (SOURCE, len(self.world.items) - len(self._waiting))
        if fails or not self._waiting:
            outcome: list[object] = ["error", self.world.error] if fails else ["end"]
            self._agenda.plan(self.now, request.id, lambda: outcome)
            return
        item = self._waiting.popleft()
        ready = self.world.arrivals[item] if self.world.arrivals else 0.0

        def give() -> list[object]:
            self._write("finished", item, SOURCE)
            return ["value", self.world.items[item]]

        undo = partial(self._waiting.appendleft, item)
        self._agenda.plan(max(self.now, ready), request.id, give, undo)

    def _hear(self, request: Request) -> None:
        script = self._to_be_heard[request.stage]
        if not script:
            self._agenda.plan(self.now, request.id, lambda: ["end"])
            return
        time, value = script.popleft()
        undo = partial(script.appendleft, (time, value))
        self._agenda.plan(max(self.now, time), request.id, lambda: ["value", value], undo)

    def _tell(self, request: Request) -> None:
        self.told.append(Told(self.now, request.stage, request.value))

    def _work(self, request: Request) -> None:
        stage, item = request.stage, self._identify(request.stage, request.value)
        if item is None:
            self._surprise(f"{stage} was called with {request.value}, which nobody had produced")
            self._agenda.plan(self.now, request.id, lambda: ["value", self._make_up()])
            return
        self._write("started", item, stage, worker=self._free_worker(request))

        def end(kind: Kind, note: str = "") -> None:
            self._write(kind, item, stage, note, self._at_work[stage].pop(request.id))

        def finish() -> list[object]:
            if failure := self._failure(stage, item):
                end("failed", "failed")
                return ["error", failure, stage, self._kind_of_failure(stage, item)]
            end("finished")
            zero = self.world.zeros and item == 0
            self._former_values[self._values[item]] = item
            self._values[item] = 0 if zero else self._make_up()
            return ["value", self._values[item]]

        ready = self.now + self.world.duration(stage, item)
        self._agenda.plan(ready, request.id, finish, undo=lambda: end("failed", "cancelled"))

    def _failure(self, stage: str, item: int) -> str:
        """Return the message of the error with which this work ends, "" if it ends well."""
        return self.world.error if self.world.failing == (stage, item) else ""

    def _kind_of_failure(self, stage: str, item: int) -> str:
        """Return the type of that error, one of those in `remote`; "" for a StageError."""
        return ""

    def _free_worker(self, request: Request) -> int:
        """Return the first worker of the stage that is free, of as many as the answer needs."""
        at_work = self._at_work[request.stage]
        worker = at_work[request.id] = next(n for n in count() if n not in at_work.values())
        place = list(self.world.work).index(request.stage)
        if worker >= self._shapes[place].workers:  # so that the picture has a lane for it
            self._shapes[place] = self._shapes[place]._replace(workers=worker + 1)
        return worker

    def _send(self, request: Request) -> None:
        item = self._identify(SINK, request.value)
        if item is None:
            self._surprise(f"the sink was sent {request.value}, which nobody had produced")
            self._agenda.plan(self.now, request.id, lambda: ["value", None])
            return
        taken = max(self.now, self._sink_free_at)
        self._sink_free_at = taken + self.world.sink_pace

        def take() -> list[object]:
            self._write("started", item, SINK)
            if self.closed:
                self.late.append(item)
            return ["value", None]

        self._agenda.plan(taken, request.id, take)

    def _close(self, request: Request) -> None:
        self.closed.append(self.now)

    def _abandon(self, request: Request) -> None:
        # Requests are numbered from 1 in order, so `value` names the one that is given up.
        self._agenda.give_up(request.value)

    def _identify(self, stage: str, value: int) -> int | None:
        """Return the number of the item that has this value, and has not been at `stage` yet.

        Equal items cannot be told apart, so the one that entered first is taken to be meant. A
        value that an item had earlier also counts: then the stages come in the wrong order.
        """
        entered = {e.item for e in self.trace.of(SOURCE, "finished")}
        been_here = self._been_at(stage)
        same = [item for item in sorted(entered) if self._values[item] == value]
        fresh = [item for item in same if item not in been_here]
        if fresh or same:
            return (fresh or same)[0]
        return self._former_values.get(value)

    def _been_at(self, stage: str) -> set[int]:
        """Return the items that have been at `stage`, or are there now."""
        return {e.item for e in self.trace.of(stage, "started")}

    def _make_up(self) -> int:
        return self._made_up.randrange(10**8, 10**9)

    def _write(self, kind: Kind, item: int, stage: str, note: str = "", worker: int = 0) -> None:
        self.trace.events.append(Event(self.now, kind, item, stage, worker, note))

    def _surprise(self, text: str) -> None:
        self.surprises.append(Surprise(self.now, text))
