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
from math import inf
from typing import Any, NamedTuple

from pipeline_kit.patterns.time_limit import CallTimeoutError, TimeLimit
from pipeline_kit.stage import FILTERED


class DeadlineExceededError(CallTimeoutError):
    """An item was not through in time."""


class Stamped(NamedTuple):
    """An item, or what a stage has made of it, with its deadline."""

    value: Any
    deadline: float
    """By the clock of the event loop, in seconds."""


class ItemDeadline(TimeLimit):
    """A layer for all stages that an item has to get through in time.

    It is called with a stamped value, calls the function with the value alone, and returns the
    result with the same deadline. If that has passed, before the call or during it, it raises a
    `DeadlineExceededError`; if an item is not stamped, a `TypeError`.

    Args:
        seconds: how long an item may take from when it is stamped.
        grace: seconds that the clean-up of a cancelled call may take, as for `Timeout`.

    Raises:
        ValueError: `seconds` is not above 0 or not finite, or `grace` is below 0.
    """

    def __init__(self, seconds: float, *, grace: float = inf) -> None:
        if not 0 < seconds < inf:
            raise ValueError(f"seconds must be above 0 and finite, got {seconds!r}")
        super().__init__(grace)
        self.seconds = seconds
        self._expired_while_waiting = 0

    def stamp(self, item: Any) -> Stamped:
        """Stamp `item` with a deadline, `seconds` from now: `pipeline.run(map(d.stamp, items))`."""
        return Stamped(item, asyncio.get_running_loop().time() + self.seconds)

    def renew(self, item: Stamped) -> Stamped:
        """Stamp an item anew that has a stamp of an earlier run, such as a dead letter.

        Raises:
            TypeError: it has none.
        """
        if not isinstance(item, Stamped):
            raise _not_stamped(item)
        return self.stamp(item.value)

    @property
    def expired_while_waiting(self) -> int:
        """Items whose deadline had passed when a stage took them; no work was done for them."""
        return self._expired_while_waiting

    def _begin(self, item: Stamped, now: float) -> tuple[Any, float]:
        if not isinstance(item, Stamped):
            raise _not_stamped(item)
        if now >= item.deadline:
            self._expired_while_waiting += 1
            raise DeadlineExceededError(self._limit() + " before this stage", still_running=False)
        return item

    def _finish(self, result: Any, until: float) -> Any:
        return result if result is FILTERED else Stamped(result, until)

    def _error(self, *, still_running: bool) -> CallTimeoutError:
        return DeadlineExceededError(self._limit(), still_running=still_running)

    def _limit(self) -> str:
        return f"the item's deadline of {self.seconds} s"


def _not_stamped(item: object) -> TypeError:
    return TypeError(
        f"item has no deadline: {item!r:.200}; stamp the source, "
        "run(map(deadline.stamp, items)), and give the layer to every stage"
    )
