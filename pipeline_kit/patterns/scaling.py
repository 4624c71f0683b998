"""Scaling: as many workers as the load demands, between a lower and an upper bound.

Too few workers, and items wait; too many, and a server, a database or a memory is strained for
nothing. And the load changes while the pipeline runs.

    utilisation of the workers, each period
      1.0 ┤
          │  above 0.8, and no slot free: one more
      0.8 ┤────────────────────────────────────────
          │  in between: all is well
      0.5 ┤────────────────────────────────────────
          │  below 0.5, three periods in a row: one fewer
        0 ┤

    Stage(fetch, workers=16, layers=[Autoscaler(max_workers=16)])

The gap between the two thresholds (hysteresis) keeps the number from flapping, with two rules more.
A worker only goes if the others can do its work without being above the upper threshold: at 90 % of
one worker, two would be at 45 %, but one is not enough. And one only goes when the load was low for
several periods, so that a short pause does not count.

The stage's tasks are the pool, up to `max_workers` of them; those that are too many at the moment
wait, each with an item in hand. Time that workers are blocked by a slow stage behind is not work,
so it does not call for more of them.

Not for work that computes on the event loop: there a second worker helps nobody.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline_kit.layer import Function, invoke


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
        ValueError: not 1 <= `min_workers` <= `max_workers`, or not
            0 <= `scale_down_below` < `scale_up_above` <= 1, or `period` is not above 0, or
            `scale_down_after` is below 1.
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
        if not 1 <= min_workers <= max_workers:
            raise ValueError(
                "min_workers must be 1 or more and max_workers no less, "
                f"got min_workers={min_workers!r}, max_workers={max_workers!r}"
            )
        if not period > 0:
            raise ValueError(f"period must be above 0 seconds, got {period!r}")
        if not 0 <= scale_down_below < scale_up_above <= 1:
            raise ValueError(
                "scale_down_below must be less than scale_up_above, and both from 0 to 1, "
                f"got scale_down_below={scale_down_below!r}, scale_up_above={scale_up_above!r}"
            )
        if not scale_down_after >= 1:
            raise ValueError(f"scale_down_after must be 1 period or more, got {scale_down_after!r}")
        self.min_workers, self.max_workers, self.period = min_workers, max_workers, period
        self.scale_up_above, self.scale_down_below = scale_up_above, scale_down_below
        self._on_scale = on_scale
        self._workers = min_workers
        self._busy = 0
        self._worked = 0.0  # seconds in this period, summed over the workers, until …
        self._seen_at = 0.0  # … this time
        self._period_ends = 0.0
        self._lately: deque[float] = deque(maxlen=scale_down_after)  # at this number of workers
        self._line: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None  # of `on_scale`, where no call was there to raise it
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def workers(self) -> int:
        """How many workers there are at this moment."""
        if self._loop and not self._loop.is_closed():
            self._catch_up(self._loop)
        return self._workers

    @property
    def busy(self) -> int:
        """How many of them are working; for a while more than there are, when one has just gone."""
        return self._busy

    @property
    def waiting(self) -> int:
        """How many items wait for a worker."""
        return len(self._line)

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item` once a worker is free, first come, first served."""
        loop = asyncio.get_running_loop()
        self._catch_up(loop)
        if self._busy < self._workers:
            self._busy += 1
        else:
            await self._wait_for_slot(loop)
        try:
            return await invoke(function, item)
        finally:
            self._give_back_slot(loop)

    async def _wait_for_slot(self, loop: asyncio.AbstractEventLoop) -> None:
        my_slot: asyncio.Future[None] = loop.create_future()
        self._line.append(my_slot)
        self._set_timer(loop)
        try:
            await my_slot
        except asyncio.CancelledError:
            if my_slot.cancelled():
                self._line.remove(my_slot)
            else:  # it had just been handed over
                self._give_back_slot(loop)
            raise

    def _give_back_slot(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            self._catch_up(loop)
        finally:  # also if `on_scale` fails
            self._busy -= 1
            self._hand_out_slots()

    def _hand_out_slots(self) -> None:
        waiting = [slot for slot in self._line if not slot.done()] if self._line else []
        for slot in waiting[: max(0, self._workers - self._busy)]:
            self._line.remove(slot)
            slot.set_result(None)
            self._busy += 1

    def _catch_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the decisions that are due by now; since the last event nothing else has changed."""
        now = loop.time()
        if self._failure:
            failure, self._failure = self._failure, None
            raise failure
        if loop is not self._loop:
            self._loop, self._timer = loop, None
            self._seen_at, self._period_ends = now, now + self.period
        while now >= self._period_ends:
            self._count_work_until(self._period_ends)
            self._decide(round(self._worked / (self._workers * self.period), 9))
            self._worked = 0.0
            self._period_ends += self.period
            if self._lately and self._lately.count(self._lately[0]) == self._lately.maxlen:
                self._skip_periods_like_this(now)
        self._count_work_until(now)

    def _count_work_until(self, time: float) -> None:
        self._worked += self._busy * (time - self._seen_at)
        self._seen_at = time

    def _decide(self, utilisation: float) -> None:
        """Take a step, or none, at the end of a period."""
        self._lately.append(utilisation)
        most, workers = max(self._lately), self._workers
        if utilisation > self.scale_up_above and self._busy >= workers < self.max_workers:
            self._scale_to(workers + 1, utilisation)
        elif (
            len(self._lately) == self._lately.maxlen
            and workers > self.min_workers
            and most < self.scale_down_below
            and most * workers / (workers - 1) < self.scale_up_above  # or it would come back
        ):
            self._scale_to(workers - 1, utilisation)

    def _scale_to(self, workers: int, utilisation: float) -> None:
        self._workers = workers
        self._lately.clear()
        self._hand_out_slots()
        self._on_scale(ScalingStep(self._period_ends, workers, utilisation))

    def _skip_periods_like_this(self, now: float) -> None:
        """Do not decide again and again, after an idle night, what will not change."""
        skipped = max(0.0, (now - self._period_ends) // self.period * self.period)
        self._period_ends += skipped
        self._seen_at += skipped

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        """Have a decision taken at the end of the period even if all calls take longer.

        Decisions are otherwise taken when a call begins or ends, so that nothing runs at rest.
        """
        if self._timer is None and self._workers < self.max_workers:
            self._timer = loop.call_at(self._period_ends, self._at_end_of_period, loop)

    def _at_end_of_period(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        try:
            self._catch_up(loop)
        except Exception as failure:
            self._failure = failure
        if self._line:
            self._set_timer(loop)
