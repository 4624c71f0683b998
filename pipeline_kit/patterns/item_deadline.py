"""Item deadline: each item has so many seconds to get through all stages, waiting included.

A timeout for each stage does not bound the whole: three stages of 2 s each may take 6 s, and an
item may wait in the channels for much longer. So the deadline belongs to the item. It is stamped on
it where it enters, and travels with it:

    items ─ stamp ─▶ (item, deadline) ─▶ fetch ─▶ (page, deadline) ─▶ parse ─▶ (text, deadline)

    deadline = ItemDeadline(5)
    pipeline = Pipeline(Stage(fetch, layers=[deadline]), Stage(parse, layers=[deadline]))
    async with pipeline.run(map(deadline.stamp, urls)) as run:
        async for stamped in run:
            print(stamped.value)

Each stage needs the layer, as the first one: it takes the value out of the stamp and puts the
result back in. No work is begun for an item whose deadline has passed while it waited.
"""

import asyncio
import math
from inspect import isawaitable
from typing import Any, NamedTuple

from pipeline_kit.layer import Function
from pipeline_kit.patterns.timeout import (
    CallTimeoutError,
    LimitReached,
    Timeout,
    TimeoutStatistics,
)


class DeadlineExceededError(CallTimeoutError):
    """An item was not through in time."""


class Stamped(NamedTuple):
    """An item, or what a stage has made of it, with its deadline."""

    value: Any
    deadline: float
    """By the clock of the event loop, in seconds."""


class ItemDeadline:
    """A layer for all stages that an item has to get through in time.

    Args:
        seconds: how long an item may take from when it is stamped.
        grace: seconds that the clean-up of a cancelled call may take, as for `Timeout`.

    Raises:
        ValueError: `seconds` is not above 0 or not finite, or `grace` is below 0.
    """

    def __init__(self, seconds: float, *, grace: float = math.inf) -> None:
        if not 0 < seconds < math.inf:
            raise ValueError(f"seconds must be above 0 and finite, got {seconds!r}")
        self.seconds = seconds
        self._timeout = Timeout(seconds, grace=grace)
        self._expired_while_waiting = 0

    def stamp(self, item: Any) -> Stamped:
        """Stamp `item` with a deadline, `seconds` from now: `pipeline.run(map(d.stamp, items))`."""
        return Stamped(item, asyncio.get_running_loop().time() + self.seconds)

    async def call(self, function: Function, item: Stamped) -> Stamped:
        """Call `function` with the stamped value; return its result with the same deadline.

        Raises:
            DeadlineExceededError: the deadline has passed, before the call or during it.
            TypeError: `item` is not stamped.
        """
        if not isinstance(item, Stamped):
            raise TypeError(
                f"item has no deadline: {item!r:.200}; stamp the source, "
                "run(map(deadline.stamp, items)), and give the layer to every stage"
            )
        if asyncio.get_running_loop().time() >= item.deadline:
            self._expired_while_waiting += 1
            raise DeadlineExceededError(self._limit() + " before this stage", still_running=False)
        result = function(item.value)
        if isawaitable(result):
            try:
                result = await self._timeout.bound(result, item.deadline)
            except LimitReached as reached:
                raise DeadlineExceededError(
                    self._limit(), still_running=reached.still_running
                ) from reached.__cause__
        return Stamped(result, item.deadline)

    @property
    def expired_while_waiting(self) -> int:
        """Items whose deadline had passed when a stage took them; no work was done for them."""
        return self._expired_while_waiting

    def statistics(self) -> TimeoutStatistics:
        """Return the totals so far of the calls that were cancelled at a deadline."""
        return self._timeout.statistics()

    def _limit(self) -> str:
        return f"the item's deadline of {self.seconds} s"
