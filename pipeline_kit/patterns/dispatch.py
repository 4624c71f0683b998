"""Dispatching: the workers of a load balancer, their slots, and the line in which items wait.

A worker has as many slots as the items it works on at the same time. An item that finds no slot
waits in line, either for the one worker that was chosen or for any of several. A slot that becomes
free is handed to the first in line who accepts it, so nobody is overtaken. And no slot is ever
lost: who is cancelled with a slot in hand passes it on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf
from typing import Any

from pipeline_kit.executor import check_function, in_executor
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.health import Health, OutlierEjection
from pipeline_kit.whole_numbers import check_whole


class Worker:
    """Someone who works on items.

    Args:
        function: called with one item; plain or async. It may ask a server.
        name: how errors and statistics call the worker; by default the function's name.
        weight: how much it gets, compared with the others.
        concurrency: how many items it works on at the same time; further ones wait for it.
        executor: where to run a plain function, as for a `Stage`.

    Raises:
        TypeError: `function` is not callable, or is async although there is an `executor`, or that
            is none.
        ValueError: `weight` is not above 0 or not finite, or `concurrency` is below 1.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        name: str | None = None,
        weight: float = 1.0,
        concurrency: int = 1,
        executor: Executor | None = None,
    ) -> None:
        check_function(function, executor)
        if not 0 < weight < inf:
            raise ValueError(
                f"weight must be above 0 and finite, got {weight!r}; leave idle workers out"
            )
        check_whole("concurrency", concurrency)
        self.function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self.weight = weight
        self.concurrency = concurrency
        self.executor = executor
        self.work: Callable[[Any], Awaitable[Any]]
        """Works on an item; an async function."""
        self.work = wrap(in_executor(executor, function) if executor else function, ())


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """How a worker of a load balancer stands, and what it has done so far."""

    name: str
    working: int
    """Items it works on at this moment."""
    waiting: int
    """Items that wait for it, and for no other."""
    completed: int
    """Items it returned a result for."""
    failed: int
    """Items it failed on, which were then given to another worker as long as there was one."""
    worked: float
    """Seconds it took for those it completed."""
    consecutive_failures: int
    """Failures since its last success or ejection."""
    ejections: int
    """How often it has been ejected."""
    ejected: bool
    """Whether it is ejected at this moment."""


class Member:
    """A worker of a load balancer, and how it stands."""

    def __init__(self, number: int, name: str, worker: Worker, ejection: OutlierEjection) -> None:
        self.number = number
        self.name = name
        self.worker = worker
        self.weight = worker.weight
        self.health = Health(ejection)
        self.working = 0
        self.free = True  # whether it has a free slot
        self.pending = 0  # items in hand: those it works on, and those that wait for it alone
        self.completed = 0
        self.failed = 0
        self.worked = 0.0

    def begin(self) -> None:
        """Take a slot."""
        self.working += 1
        self.pending += 1
        self.free = self.working < self.worker.concurrency

    def end(self) -> None:
        """Give a slot back."""
        self.working -= 1
        self.pending -= 1
        self.free = True

    def statistics(self, now: float) -> WorkerStatistics:
        """Return how it stands at the time `now` of the event loop."""
        return WorkerStatistics(
            name=self.name,
            working=self.working,
            waiting=self.pending - self.working,
            completed=self.completed,
            failed=self.failed,
            worked=self.worked,
            consecutive_failures=self.health.consecutive_failures,
            ejections=self.health.ejections,
            ejected=self.health.is_ejected(now),
        )


class Line:
    """Those who wait for a slot; whoever got one gives it back with `release`."""

    def __init__(self) -> None:
        self._waiters: list[_Waiter] = []

    def __len__(self) -> int:
        return len(self._waiters)

    async def wait_for(self, accepted: list[Member]) -> Member | None:
        """Wait for a slot of one of these workers; None if they were to be chosen again."""
        me = _Waiter(accepted)
        self._waiters.append(me)
        me.count(1)
        try:
            return await me.slot
        except asyncio.CancelledError:
            if me.slot.done() and not me.slot.cancelled() and (member := me.slot.result()):
                self.release(member)
            raise
        finally:
            me.count(-1)
            self._waiters.remove(me)

    def release(self, member: Member) -> None:
        """Give a slot back, to the first in line who accepts it."""
        member.end()
        if self._waiters and (waiter := self._first_who_accepts(member)):
            member.begin()
            waiter.slot.set_result(member)

    def send_away_from(self, member: Member) -> None:
        """Let all who would accept this worker choose again."""
        while waiter := self._first_who_accepts(member):
            waiter.slot.set_result(None)

    def send_all_away(self) -> None:
        """Let all choose again, in their order: there is a worker more."""
        for waiter in self._waiters:
            if not waiter.slot.done():
                waiter.slot.set_result(None)

    def _first_who_accepts(self, member: Member) -> "_Waiter | None":
        return next(
            (w for w in self._waiters if member in w.accepted and not w.slot.done()),
            None,
        )


class _Waiter:
    def __init__(self, accepted: list[Member]) -> None:
        self.accepted = accepted
        self.slot: asyncio.Future[Member | None] = asyncio.get_running_loop().create_future()

    def count(self, by: int) -> None:
        """Count as one who waits, if it is for one worker alone."""
        if len(self.accepted) == 1:
            self.accepted[0].pending += by
