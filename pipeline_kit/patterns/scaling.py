"""Scaling: as many workers as the load demands, between a lower and an upper bound.

Too few workers, and items wait; too many, and a server, a database or a memory is strained for
nothing. And the load changes while the pipeline runs.

    items ─▶ [ line ] ─▶ slot 0: call
                     ├─▶ slot 1: call          above 80 % of the time busy: one slot more
                     └─▶ slot 2: free          below 50 %: one fewer

    Stage(fetch, workers=16, layers=[Autoscaler(max_workers=16)])

See `scaling_rule` for what keeps the number from flapping.

The stage's tasks are the pool, up to `max_workers` of them; those that are too many at the moment
wait, each with an item in hand. Time that workers are blocked by a slow stage behind is not work,
so it does not call for more of them.

Not for work that computes on the event loop: there a second worker helps nobody.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline_kit.callbacks import check_plain
from pipeline_kit.layer import Function, invoke
from pipeline_kit.patterns.places import Places
from pipeline_kit.patterns.scaling_rule import ScalingRule


@dataclass(frozen=True, slots=True)
class ScalingStep:
    """One step up or down."""

    time: float
    """When, by the clock of the event loop, in seconds."""
    workers: int
    """Workers from then on."""
    utilisation: float
    """Utilisation of the workers in the period before, from 0 to 1."""


class Autoscaler:
    """A layer that lets as many calls go on at once as there are workers, and scales their number.

    Args:
        min_workers: the fewest workers, and how many there are at first.
        max_workers: the most workers. The stage needs as many.
        period: seconds over which utilisation is measured; after each, one step at most is taken.
        scale_up_above: utilisation above which a worker is added, if no slot is free.
        scale_down_below: utilisation below which a worker is taken away.
        scale_down_after: periods in a row for which utilisation must be that low.
        on_scale: called with each `ScalingStep`; what it raises fails the next call.

    Raises:
        TypeError: `on_scale` is not callable, or async.
        ValueError: not 1 <= `min_workers` <= `max_workers`, or not
            0 <= `scale_down_below` < `scale_up_above` <= 1, or `period` is not above 0, or
            `scale_down_after` is below 1, or a number of workers or periods is not whole.
    """

    def __init__(
        self,
        *,
        min_workers: int = 1,
        max_workers: int,
        period: float = 1.0,
        scale_up_above: float = 0.8,
        scale_down_below: float = 0.5,
        scale_down_after: int = 3,
        on_scale: Callable[[ScalingStep], object] = lambda step: None,
    ) -> None:
        check_plain("on_scale", on_scale, takes="a ScalingStep")
        if not period > 0:
            raise ValueError(f"period must be above 0 seconds, got {period!r}")
        self._rule = ScalingRule(
            min_workers=min_workers,
            max_workers=max_workers,
            scale_up_above=scale_up_above,
            scale_down_below=scale_down_below,
            scale_down_after=scale_down_after,
        )
        self.min_workers, self.max_workers, self.period = min_workers, max_workers, period
        self._on_scale = on_scale
        self._places = Places(lambda: self._rule.workers)
        self._worked = 0.0  # seconds in this period, summed over the workers, until …
        self._seen_at = 0.0  # … this time
        self._period_ends = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None  # of `on_scale`, until a call is there to raise it
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def workers(self) -> int:
        """How many workers there are at this moment."""
        if self._loop and not self._loop.is_closed():
            self._catch_up(self._loop)
        return self._rule.workers

    @property
    def busy(self) -> int:
        """How many of them are working; for a while more than there are, when one has just gone."""
        return self._places.taken

    @property
    def waiting(self) -> int:
        """How many items wait for a worker."""
        return len(self._places.line)

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item` once a worker is free, first come, first served."""
        loop = asyncio.get_running_loop()
        self._catch_up(loop)
        self._raise_failure()
        if self._places.taken < self._rule.workers:
            self._places.taken += 1
        else:
            self._set_timer(loop)
            await self._places.wait()
        try:
            return await invoke(function, item)
        finally:
            self._catch_up(loop)
            self._places.give_back()
            self._raise_failure()

    def _catch_up(self, loop: asyncio.AbstractEventLoop, at_least: float = 0.0) -> None:
        """Take the decisions that are due by now; since the last event nothing else has changed."""
        now = max(loop.time(), at_least)
        if loop is not self._loop:
            self._loop, self._timer = loop, None
            self._worked, self._seen_at, self._period_ends = 0.0, now, now + self.period
        while now >= self._period_ends:
            self._count_work_until(self._period_ends)
            self._decide(round(self._worked / (self._rule.workers * self.period), 9))
            self._worked = 0.0
            self._period_ends += self.period
            if self._rule.is_settled:
                self._skip_periods_like_this(now)
        self._count_work_until(now)

    def _count_work_until(self, time: float) -> None:
        self._worked += self._places.taken * (time - self._seen_at)
        self._seen_at = time

    def _decide(self, utilisation: float) -> None:
        """Take a step, or none, at the end of a period."""
        if self._rule.decide(utilisation, all_busy=self._places.taken >= self._rule.workers):
            self._places.hand_out()
            try:
                self._on_scale(ScalingStep(self._period_ends, self._rule.workers, utilisation))
            except Exception as failure:  # which must not keep this period from ending
                self._failure = self._failure or failure

    def _raise_failure(self) -> None:
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure

    def _skip_periods_like_this(self, now: float) -> None:
        """Do not decide again and again, after an idle night, what will not change."""
        skipped = max(0.0, (now - self._period_ends) // self.period * self.period)
        self._period_ends += skipped
        self._seen_at += skipped

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a decision taken at the end of the period even if all calls take longer.

        Decisions are otherwise taken when a call begins or ends, so that nothing runs at rest.
        """
        if self._timer is None and self._rule.workers < self.max_workers:
            end = self._period_ends
            self._timer = loop.call_at(end, self._at_end_of_period, loop, end)

    def _at_end_of_period(self, loop: asyncio.AbstractEventLoop, end: float) -> None:
        self._timer = None
        self._catch_up(loop, end)  # a timer may come a moment early, by the loop's resolution
        if self._places.line:
            self._set_timer(loop)
