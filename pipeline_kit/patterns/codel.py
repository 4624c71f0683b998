"""CoDel: keep a queue short that would otherwise be full all the time, and every item late.

A buffer is there for bursts: it fills and drains again. Under a load that stays too high it fills
and stays full, and from then on it only makes everyone wait: by capacity / rate seconds, without
one item more getting through. Dropping at the tail does not help, for the queue stays just as long.

CoDel (controlled delay, RFC 8289) looks at how long items were in the queue, not at how many there
are. If that was above `target` for a whole `interval`, the queue is not draining: so it drops the
item at the head, and while it does not get better the next ones sooner and sooner, after
interval/√2, interval/√3, … In a burst it does nothing.

    wait  ╭╮                    ╭────
          ││   a burst          │      a queue that stays: drop at the head, until
    target┼┼┼──────────     ────┼──x─x─xx── waiting is below target again
          ╯╰                    ╯

    Stage(parse, channel=lambda: CoDelChannel(1000, target=0.5, interval=2))

Set `target` to the longest wait that is harmless, at least the time of one call. Set `interval` to
as long as a usual burst lasts; the longer it is, the later an overload is noticed and worked off.
Not for items that must not be lost.
"""

import asyncio
from collections import deque
from math import inf, sqrt
from typing import Any, TypeVar

from pipeline_kit.patterns.backpressure import OverflowChannel

T = TypeVar("T")


class CoDelChannel(OverflowChannel[T]):
    """A channel that drops from its head while items wait too long in it, all the time.

    Args:
        capacity: the most items it holds, 1 or more; some times what a burst needs.
        target: seconds in the channel that are acceptable.
        interval: seconds for which all items must have waited longer before one is dropped.
        options: as for `OverflowChannel`.

    Raises:
        ValueError: not 0 < `target` < `interval`, or as for `OverflowChannel`.
    """

    def __init__(
        self, capacity: float = inf, *, target: float = 0.005, interval: float = 0.1, **options: Any
    ) -> None:
        super().__init__(capacity, **options)
        if not 0 < target < interval:
            raise ValueError(
                "target must be above 0 seconds, and interval longer, "
                f"got target={target!r}, interval={interval!r}"
            )
        if capacity == 0:
            raise ValueError("capacity must be 1 item or more, got 0: a rendezvous has no queue")
        self.target = target
        self.interval = interval
        self._since: deque[float] = deque()  # when the items in the buffer were put into it
        self._first_above = inf  # when waiting will have been too long for a whole interval
        self._dropping = False
        self._drop_next = 0.0
        self._count = 0  # drops since waiting became too long
        self._last_count = 0

    def _put(self, item: T) -> None:
        self._since.append(asyncio.get_running_loop().time())
        super()._put(item)

    def _take(self) -> T:
        now = asyncio.get_running_loop().time()
        while self._should_drop(now):
            self._drop_oldest()
        self._since.popleft()
        return super()._take()

    def _drop_oldest(self) -> None:
        self._since.popleft()
        super()._drop_oldest()

    def _should_drop(self, now: float) -> bool:
        """Decide about the item at the head, as the RFC's `deque` does."""
        if not self._has_been_too_long(now):
            self._dropping = False
            return False
        if not self._dropping:
            self._begin_dropping(now)
            return True
        if now < self._drop_next:
            return False
        self._count += 1
        self._drop_next += self.interval / sqrt(self._count)
        return True

    def _has_been_too_long(self, now: float) -> bool:
        """Tell whether items have waited longer than `target` for a whole interval (`dodeque`)."""
        if now - self._since[0] < self.target or len(self._since) <= 2:
            self._first_above = inf  # the last two stay: with less it would be a rendezvous
        elif self._first_above == inf:
            self._first_above = now + self.interval
        return now >= self._first_above

    def _begin_dropping(self, now: float) -> None:
        # Where it was like this a short time ago, go on at the pace that was found then.
        found = self._count - self._last_count
        recently = now - self._drop_next < 16 * self.interval
        self._dropping = True
        self._count = self._last_count = found if recently and found > 1 else 1
        self._drop_next = now + self.interval / sqrt(self._count)
