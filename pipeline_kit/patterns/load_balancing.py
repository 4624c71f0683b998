"""Load balancing: one stage, several workers that are not alike, and each item goes to one of them.

`Stage(function, workers=4)` calls one function four times at once. But work may also be done by
several servers, processes or devices: some faster than others, some ill today.

                             ┌──▶ worker "a": a function
    item ──▶ LoadBalancer ───┼──▶ worker "b": a function in an executor
               strategy      └──▶ worker "c": a function that asks a server
               health

    balancer = LoadBalancer([ask_a, ask_b, Worker(ask_c, weight=2)], strategy=LeastLoaded())
    pipeline = Pipeline(Stage(balancer, workers=balancer.slots), …)

The balancer is a function of one item, and only ever works on as many items as it is called with at
the same time: hence `workers=balancer.slots`. If a worker fails, its item is given to another one;
if it fails again and again, it is ejected for a while.

Not for workers that are all the same function: give the stage more workers. And not for items that
belong to a certain worker: route them by key.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from math import inf
from typing import Any

from pipeline_kit.marks import mark
from pipeline_kit.patterns.dispatch import Line, Member, Worker, WorkerStatistics
from pipeline_kit.patterns.exception_types import ExceptionTypes, as_exceptions
from pipeline_kit.patterns.health import OutlierEjection
from pipeline_kit.patterns.strategies import FirstFree, Strategy
from pipeline_kit.whole_numbers import is_whole

__all__ = ["LoadBalancer", "Worker", "WorkerStatistics", "WorkersFailed"]


class LoadBalancer:
    """A function of one item that lets one of several workers do the work.

    On a new event loop no worker is ejected.

    Args:
        workers: the workers, or just their functions. Those of the same name are numbered.
        strategy: who gets the next item; by default whoever is free first. It belongs to this
            balancer alone.
        ejection: when to eject a worker that fails, and for how long.
        attempts: how many workers to try for an item; None for all of them.
        retry_on: exceptions that are the worker's fault. Others are the item's: they are passed on
            at once, and not held against the worker.

    Raises:
        ValueError: there are no workers, or `attempts` is not from 1 to the number of workers.
        TypeError: a worker is neither a `Worker` nor callable, or `strategy` is no `Strategy`, or
            `retry_on` are no `Exception`s.
    """

    def __init__(
        self,
        workers: Sequence[Worker | Callable[[Any], Any]],
        *,
        strategy: Strategy | None = None,
        ejection: OutlierEjection | None = None,
        attempts: int | None = None,
        retry_on: ExceptionTypes = Exception,
    ) -> None:
        if not workers:
            raise ValueError("workers must be one function or more, got none")
        if attempts is not None and not (is_whole(attempts) and 1 <= attempts <= len(workers)):
            raise ValueError(
                f"attempts must be from 1 to the number of workers, {len(workers)}, "
                f"got {attempts!r}; None tries each worker once"
            )
        if not isinstance(strategy, Strategy | None):
            raise TypeError(f"strategy must be a Strategy, such as RoundRobin(), got {strategy!r}")
        everyone = [w if isinstance(w, Worker) else Worker(w) for w in workers]
        self._ejection = ejection or OutlierEjection()
        self._members = [
            Member(number, name, worker, self._ejection)
            for number, (name, worker) in enumerate(zip(_names(everyone), everyone, strict=True))
        ]
        self._strategy = strategy or FirstFree()
        self._attempts = attempts or len(everyone)
        self._retry_on = as_exceptions("retry_on", retry_on)
        self._line = Line()
        self._ejected_until = 0.0  # the last of those that are ejected, or 0 if none is
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def slots(self) -> int:
        """How many items the workers can work on at the same time, all together."""
        return sum(member.worker.concurrency for member in self._members)

    def statistics(self) -> tuple[WorkerStatistics, ...]:
        """Return the state and the totals of each worker; call it where the event loop runs."""
        now = self._now()
        return tuple(member.statistics(now) for member in self._members)

    async def __call__(self, item: Any) -> Any:
        """Let a worker work on `item`, and another one if it fails; return the result.

        Raises:
            WorkersFailed: several workers were tried, and all failed.
            Exception: the only worker tried failed, or the error is not one of `retry_on`.
        """
        tried: dict[Member, Exception] = {}
        while True:
            accepted = self._choose(tried)
            if len(accepted) == 1 and accepted[0].free:
                member = accepted[0]
                member.begin()
            elif waited := await self._line.wait_for(accepted):
                member = waited
            else:
                continue
            try:
                return await self._work(member, item)
            except self._retry_on as error:
                tried[member] = error
                if len(tried) < self._attempts:
                    mark("retry")
                    continue
                if len(tried) == 1:
                    raise
                raise WorkersFailed({m.name: e for m, e in tried.items()}) from error

    def _choose(self, tried: Collection[Member]) -> list[Member]:
        """Return the worker that is to get an item, or all those of which the first free one is."""
        candidates = self._candidates(tried)
        chosen = self._strategy.choose(candidates)
        return candidates if chosen is None else [candidates[chosen]]

    def _candidates(self, tried: Collection[Member]) -> list[Member]:
        """Return who is healthy and has not been tried; if there is nobody, who is not healthy."""
        if not (tried or self._ejected_until):
            return self._members
        now = self._now()
        if now >= self._ejected_until:
            self._ejected_until = 0.0
        untried = [member for member in self._members if member not in tried]
        return [member for member in untried if not member.health.is_ejected(now)] or untried

    def _now(self) -> float:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # another clock, where the times of the old one mean nothing
            self._loop, self._ejected_until = loop, 0.0
            for member in self._members:
                member.health.readmit()
        return loop.time()

    async def _work(self, member: Member, item: Any) -> Any:
        """Let a worker work on `item` in the slot that is kept for it."""
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            result = await member.worker.work(item)
        except self._retry_on:
            self._note_failure(member, self._now())
            raise
        else:
            now = clock()
            member.completed += 1
            member.worked += now - start
            member.health.consecutive_failures = 0
            self._strategy.observe(member, now - start, now)
            return result
        finally:
            self._line.release(member)

    def _note_failure(self, member: Member, now: float) -> None:
        """Count a failure, and eject the worker if that is one too many and not too many others."""
        member.failed += 1
        if member.health.is_ejected(now) or not member.health.failed():
            return
        ejected = 1 + sum(other.health.is_ejected(now) for other in self._members)
        if 100 * ejected <= self._ejection.max_ejection_percent * len(self._members):
            until = member.health.eject(now)
            self._ejected_until = max(self._ejected_until, until)
            self._line.send_away_from(member)
            if until < inf:
                asyncio.get_running_loop().call_at(until, self._take_back, member, until)

    def _take_back(self, member: Member, until: float) -> None:
        """End an ejection, so that who has to wait for another worker may choose this one."""
        if not member.health.is_ejected(until):  # anew, because this comes late
            member.health.readmit()
            self._line.send_all_away()


class WorkersFailed(Exception):  # noqa: N818 - reads as what happened
    """Raised when an item has failed on several workers, and no attempt is left."""

    def __init__(self, errors: dict[str, Exception]) -> None:
        self.errors = errors
        """What each worker failed with, by its name, in the order of the attempts."""
        self.attempts = len(errors)
        """How many workers were tried."""
        super().__init__(errors)

    def __str__(self) -> str:
        told = "; ".join(f"{name}: {type(e).__name__}: {e}" for name, e in self.errors.items())
        return f"all {self.attempts} workers tried failed: {told}"


def _names(workers: Sequence[Worker]) -> list[str]:
    names = [worker.name for worker in workers]
    return [f"{n} {i}" if names.count(n) > 1 else n for i, n in enumerate(names)]
