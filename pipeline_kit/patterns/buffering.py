"""Buffers that tune themselves: as large as the bursts in front of a stage need, and no larger.

A buffer evens out bursts: while items come in a rush it fills up, and while none come the stage
lives on it. How large it should be depends on the bursts, and who knows them beforehand? So let it
find out.

    found by a receiver   what it means                                        capacity
    full                  the side in front can be faster: a larger one fills  stays, for now
    then empty            it was used up before the next burst: too small      doubles
    empty again and again the side in front is slower: no buffer helps         stays

    Stage(parse, channel=lambda: AutotunedBuffer(max_capacity=1000))

This is the rule by which tf.data tunes its prefetch buffers (`prefetch_autotuner.cc`): above 2048
items it adds 2048 rather than doubling, and it never shrinks. Memory is bounded by `max_capacity`,
and in bytes by `max_weight`, as of any `OverflowChannel`.

Not against overload: where items come faster for good than the stage can take them, any buffer is
full sooner or later, and a large one only makes them wait longer. See `backpressure` for that.
"""

from collections.abc import Callable
from math import inf
from typing import TypeVar

from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.whole_numbers import is_whole

T = TypeVar("T")

DOUBLE_BELOW = 2048
"""From this capacity on, growing adds as much instead of doubling."""


class AutotunedBuffer(OverflowChannel[T]):
    """A channel whose capacity grows when it was full and yet has run empty.

    `capacity` is what it has come to; `statistics()` has it too. If it is full, senders wait.

    Args:
        min_capacity: the capacity at first, in items.
        max_capacity: the greatest capacity.
        name: how messages, statistics and pictures call the channel.
        max_weight: the greatest sum of the weights of its items, such as their bytes.
        weigh: the weight of an item, by default its length; it must be quick.

    Raises:
        ValueError: not 1 <= `min_capacity` <= `max_capacity`, or one of them is not a whole number,
            or `max_weight` is not above 0.
    """

    def __init__(
        self,
        *,
        min_capacity: int = 1,
        max_capacity: int,
        name: str = "unnamed",
        max_weight: float = inf,
        weigh: Callable[[T], float] = len,  # type: ignore[assignment] # for items that have one
    ) -> None:
        super().__init__(min_capacity, name=name, max_weight=max_weight, weigh=weigh)
        if not is_whole(max_capacity) or not 1 <= min_capacity <= max_capacity:
            raise ValueError(
                "min_capacity must be 1 item or more and max_capacity a whole number no less, "
                f"got min_capacity={min_capacity!r}, max_capacity={max_capacity!r}"
            )
        self.max_capacity = max_capacity
        self._was_full = False

    async def receive(self) -> T:
        """Take the oldest item, waiting for one if the buffer is empty; then it may grow.

        Raises:
            EndOfChannel: the channel is closed and everything in it has been received.
        """
        self._note_found(len(self))
        return await super().receive()

    def _note_found(self, depth: int) -> None:
        if depth == self.capacity:
            self._was_full = True
        elif depth == 0 and self._was_full and not self._closed:
            self._was_full = False
            grown = self.capacity + min(self.capacity, DOUBLE_BELOW)
            self.capacity = min(grown, self.max_capacity)
