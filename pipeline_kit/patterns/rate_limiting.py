"""Rate limit: so many calls per second and no more, with short bursts allowed.

A server that allows 10 requests per second refuses the eleventh, or the client. A limit in front of
the call makes it wait instead; and while its workers wait, the channel before the stage fills up,
and those before it wait as well (backpressure).

    Stage(fetch, workers=8, layers=[RateLimit(10, burst=5)])

The algorithm is the token bucket. The bucket holds `burst` tokens, `rate` of them flow in per
second, and each call takes one out:

    rate ──▶ ╲ o o o ╱ ──▶ a call            full after a pause: `burst` calls at once
              ╲_____╱                        empty: a call every 1/rate seconds

So in any stretch of w seconds at most rate·w + burst calls begin. No timer fills the bucket: in
its twin, the GCRA (generic cell rate algorithm, ITU-T I.371), the whole state is one point in
time, that at which the bucket would be full again.

One limit may be shared: `limit = RateLimit(10)` as a layer of three stages lets ten calls per
second begin in all three together. For ten in each, give each a limit of its own.

Not to bound how many calls go on at once: that is what `workers` does.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from math import inf, ulp
from typing import Any

from pipeline_kit.layer import Function, invoke
from pipeline_kit.whole_numbers import check_whole

_SECOND = 10**9  # nanoseconds, in which time is counted, because sums of floats are inexact


@dataclass(frozen=True, slots=True)
class RateLimitStatistics:
    """What a rate limit has done so far."""

    acquired: int
    """Permits handed out, reserved ones included."""
    delayed: int
    """Calls that could not begin at once, including those that were cancelled meanwhile."""
    waiting: int
    """Calls that wait now."""
    waited: float
    """Seconds that calls have waited, summed over all that wait no more."""


class RateLimit:
    """A layer that lets calls begin at a limited rate, first come, first served.

    On a new event loop the bucket is full.

    Args:
        rate: permits per second in the long run; 0.5 is one every two seconds.
        burst: how many permits can be had at once after a pause; 1 spaces calls evenly.

    Raises:
        ValueError: `rate` is not above 0 or not finite, or `burst` is not a whole number above 0.
    """

    def __init__(self, rate: float, burst: int = 1) -> None:
        if not 0 < rate < inf:
            remedy = "to stop a stage, pause the run" if rate == 0 else "for no limit, leave it out"
            raise ValueError(f"rate must be above 0 permits per second, got {rate!r}; {remedy}")
        check_whole("burst", burst, of="permits")
        self.rate = rate
        self.burst = burst
        # Times are whole numbers, so that all arithmetic is exact: a nanosecond is `_nanosecond`
        # units, and in `_cost` units one permit flows in. A rate of 0.1 is taken to mean 1/10.
        exact = Fraction(str(rate))
        self._nanosecond, self._cost = exact.numerator, exact.denominator * _SECOND
        self._full_at = 0
        self._line: deque[_Waiter] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._acquired = self._delayed = 0
        self._waited = 0.0

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item` as soon as the limit allows."""
        if not self.try_acquire():
            await self._acquire_in_turn(1)
        return await invoke(function, item)

    async def acquire(self, permits: int = 1) -> None:
        """Take permits, waiting for them, and for those who came first.

        A cancelled wait has taken none, and those behind it move up, unless a reservation was made
        meanwhile: that has been promised its time, so then the permits are lost.

        Raises:
            ValueError: `permits` is less than 1, or more than `burst`, which there never are.
        """
        if not self.try_acquire(permits):
            await self._acquire_in_turn(permits)

    def try_acquire(self, permits: int = 1) -> bool:
        """Take permits if they are there and nobody waits for them; tell whether they were.

        Raises `ValueError` as `acquire` does.
        """
        now = self._now()
        if self._available_at(permits) > now or self._line:
            return False
        self._take(permits, now)
        return True

    def reserve(self, permits: int = 1) -> float:
        """Take permits ahead of time; return in how many seconds they may be used.

        For callers that wait in a way of their own; a reservation cannot be given back. Raises
        `ValueError` as `acquire` does.
        """
        now = self._now()
        self._available_at(permits)  # to refuse what is impossible before anything has changed
        for waiter in self._line:
            if waiter.start is None:  # whose time is to be fixed as well
                waiter.start = self._take_ahead(waiter.permits, now)
        return (self._take_ahead(permits, now) - now) // self._nanosecond / _SECOND

    def statistics(self) -> RateLimitStatistics:
        """Return the totals so far."""
        return RateLimitStatistics(self._acquired, self._delayed, len(self._line), self._waited)

    def _now(self) -> int:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # another clock, where the times of the old one mean nothing
            self._loop, self._full_at = loop, 0
            self._line.clear()
        return int(loop.time() * _SECOND + 0.5) * self._nanosecond

    def _available_at(self, permits: int) -> int:
        if not 1 <= permits <= self.burst:
            raise ValueError(
                f"permits must be from 1 to burst={self.burst}, got {permits!r}; "
                "more than burst are never there at once: take them in parts, or raise burst"
            )
        return self._full_at + (permits - self.burst) * self._cost

    def _take(self, permits: int, start: int) -> None:
        full_at = self._full_at if self._full_at > start else start
        self._full_at = full_at + permits * self._cost
        self._acquired += permits

    def _take_ahead(self, permits: int, now: int) -> int:
        """Take permits as early as possible, and return when that is: at a whole nanosecond."""
        nanoseconds = -(self._available_at(permits) // -self._nanosecond)  # rounded up
        start = max(now, nanoseconds * self._nanosecond)
        self._take(permits, start)
        return start

    async def _acquire_in_turn(self, permits: int) -> None:
        """Wait in line. Who is first in it waits for the permits, and then lets the next be first.

        So a cancellation always strikes before anything has been taken.
        """
        loop = asyncio.get_running_loop()
        me = _Waiter(permits, loop.create_future())
        start = loop.time()
        self._delayed += 1
        self._line.append(me)
        try:
            if self._line[0] is not me:
                await me.is_first
            while (wait := self._take_or_wait(me)) > 0:  # noqa: ASYNC110 - waits for time alone
                await asyncio.sleep(wait)
        finally:
            self._waited += loop.time() - start
            self._leave(me)

    def _leave(self, me: "_Waiter") -> None:
        if me in self._line:  # unless a new event loop has begun with an empty one
            self._line.remove(me)
        if self._line and not self._line[0].is_first.done():
            self._line[0].is_first.set_result(None)

    def _take_or_wait(self, first: "_Waiter") -> float:
        """Take the permits of the first in line; or return in how many seconds they are there."""
        now = self._now()
        available_at = self._available_at(first.permits) if first.start is None else first.start
        if available_at > now:
            nanoseconds = -((now - available_at) // self._nanosecond)  # rounded up
            # A little more, which is less than the clock can tell except after months of uptime.
            return (nanoseconds + ulp(now // self._nanosecond)) / _SECOND
        if first.start is None:
            self._take(first.permits, now)
        return 0.0


@dataclass(slots=True, eq=False)
class _Waiter:
    """Someone's place in line."""

    permits: int
    is_first: asyncio.Future[None]
    start: int | None = None
    """When its turn comes, once that is fixed; its permits have been taken then."""
