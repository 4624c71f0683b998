"""Backpressure: what happens to items when they come faster than the stage behind can take them.

A queue in front of a slow stage only hides for a while that it is too slow; then the queue is full,
and someone has to give way. Who it is, is a decision, and the channel in front of the stage is
where it is taken:

    overflow=        when the channel is full            for
    "block"          the sender waits                    a source that can wait: files, a database
    "drop_newest"    the item that comes is discarded    work where those who came first count
    "drop_oldest"    the oldest one in it is discarded   sensors, prices: the latest counts
    "fail"           the run ends with `ChannelFull`     where it should not happen at all

    Stage(parse, channel=lambda: OverflowChannel(100, overflow="drop_oldest"))

An item is dropped in front of the stage, before its work is done and paid for. To spare the work of
the stages before as well, drop in front of the first one, and let the others block: so the pressure
comes back from the slow stage, wherever it is, to where dropping costs least. Every drop is counted
(`statistics().dropped`), told to `on_drop`, and an event of a recorded run.

Items may differ in size: `max_weight` bounds the sum of what `weigh` says of each, such as bytes.

For a source that cannot wait but can be told to stop, see `watermarks`; for queues that are full
all the time, `codel`; to find the slow stage, `slow_stage`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Literal, TypeVar, get_args

from pipeline_kit.callbacks import check_plain
from pipeline_kit.channel import Channel, EndOfChannel, WouldBlock
from pipeline_kit.channel_statistics import ChannelStatistics
from pipeline_kit.events import bare
from pipeline_kit.patterns.watermarks import Watermarks
from pipeline_kit.patterns.weights import Weights

T = TypeVar("T")
Overflow = Literal["block", "drop_newest", "drop_oldest", "fail"]


class ChannelFull(Exception):  # noqa: N818 - reads as what happened, like ChannelClosed
    """Raised by a send on a full channel with `overflow="fail"`."""


class OverflowChannel(Channel[T]):
    """A channel that says what happens when it is full, and can be bounded by weight.

    Args:
        capacity: the most items it holds; 0 is a rendezvous, `math.inf` leaves it to the weight.
        name: how messages, statistics and pictures call the channel.
        overflow: what a send does when the channel is full; see above.
        max_weight: the greatest sum of the weights of its items.
        weigh: the weight of an item, by default its length, which for `bytes` is the size. It must
            be quick, and 0 or more.
        on_drop: called with each item that is dropped, within the send that caused it.
        watermarks: whom to tell when the channel gets full, and when there is room again.

    Raises:
        TypeError: `weigh` or `on_drop` is not callable, or async.
        ValueError: one of these is impossible, or there is no bound at all, or a rendezvous is to
            have what takes room: `"drop_oldest"`, a `max_weight` or watermarks.
    """

    def __init__(
        self,
        capacity: float = inf,
        *,
        name: str = "unnamed",
        overflow: Overflow = "block",
        max_weight: float = inf,
        weigh: Callable[[T], float] = len,  # type: ignore[assignment] # for items that have one
        on_drop: Callable[[T], object] = lambda item: None,
        watermarks: Watermarks | None = None,
    ) -> None:
        super().__init__(capacity, name=name)
        self.overflow = overflow
        self.max_weight = max_weight
        check_plain("weigh", weigh, takes="one item", remedy="a weight must be known at once")
        check_plain("on_drop", on_drop, takes="one item")
        self._weights = Weights(max_weight, weigh)
        self._on_drop = on_drop
        self._watermarks = watermarks.watch() if watermarks else None
        self._dropped = 0
        self._check()

    @property
    def weight(self) -> float:
        """The sum of the weights of the items in the channel; 0 if there is no `max_weight`."""
        return self._weights.total

    async def send(self, item: T) -> None:
        """Put `item` into the channel, waiting for room or doing what `overflow` says.

        Where a full channel would not make it wait, others first have a turn, and may make room:
        a list as the source would otherwise be through before the first worker has begun. Raises
        as `send_nowait` does, except that it waits instead of raising `WouldBlock`.
        """
        if self.overflow != "block" and not self._fits(item):
            await asyncio.sleep(0)
        await super().send(item)

    def send_nowait(self, item: T) -> None:
        """Put `item` into the channel without waiting, or do what `overflow` says.

        Raises:
            ChannelClosed: the channel is closed.
            ChannelFull: it is full, and `overflow` is `"fail"`.
            ValueError: the item alone is above `max_weight`, and must not be dropped.
            WouldBlock: the channel is full, or other senders came first, with `"block"`.
        """
        if self._closed or (not self._senders and self._fits(item)):
            return super().send_nowait(item)
        too_heavy = self._weights.of(item) > self.max_weight
        if self.overflow == "drop_oldest" and not too_heavy:
            while not self._fits(item):
                self._drop_oldest()
            return self._put(item)
        if self.overflow in ("drop_newest", "drop_oldest"):
            return self._drop_newest(item)
        if too_heavy:
            raise ValueError(
                f"an item for channel {self.name!r} weighs {self._weights.of(item)}, more than "
                f"max_weight={self.max_weight}: it would wait for ever; split it, or raise that"
            )
        if self.overflow == "fail":
            raise ChannelFull(f"channel {self.name!r} is full, with {len(self)} items in it")
        raise WouldBlock

    def statistics(self) -> ChannelStatistics:
        """Return the channel's state and totals; what was dropped had been sent, not received."""
        plain = super().statistics()
        return replace(plain, sent=plain.sent + self._dropped, dropped=self._dropped)

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except EndOfChannel:
            raise StopAsyncIteration from None

    def _check(self) -> None:
        if self.overflow not in get_args(Overflow):
            choice = ", ".join(map(repr, get_args(Overflow)))
            raise ValueError(f"overflow must be one of {choice}, got {self.overflow!r}")
        if self.capacity == inf and self.max_weight == inf:
            raise ValueError(
                "capacity or max_weight must be finite: without a bound none overflows"
            )
        takes_room = self.overflow == "drop_oldest" or self.max_weight < inf or self._watermarks
        if self.capacity == 0 and takes_room:
            raise ValueError(
                "capacity must be 1 item or more for drop_oldest, max_weight or watermarks, got 0: "
                "a rendezvous holds nothing"
            )

    def _fits(self, item: T) -> bool:
        # What a receiver has been woken for is as good as gone. Those who wait for room can wait
        # for it to be gone, but nothing should be dropped on its account.
        passing = len(self._receivers) if self.overflow != "block" or not self.capacity else 0
        return len(self._buffer) < self.capacity + passing and self._weights.fit(item)

    def _has_room(self) -> bool:
        """Tell whether there is room for the item of whoever is first in line, if anybody."""
        return not self._senders or self._fits(self._senders[0].item)

    def _put(self, item: T) -> None:
        self._weights.append(item)
        super()._put(item)
        self._note_level()

    def _take(self) -> T:
        self._weights.popleft()  # first, because those who wait for room are woken next
        item = super()._take()
        self._note_level()
        return item

    def _drop_oldest(self) -> None:
        self._weights.popleft()
        self._drop(self._buffer.popleft())

    def _drop_newest(self, item: T) -> None:
        if self._observer:
            self._observer.queued(item, self.name)  # and dropped in the same breath
        self._drop(item)

    def _drop(self, item: T) -> None:
        self._dropped += 1
        if self._observer:
            self._observer.dropped(item, self.name)
        self._on_drop(bare(item))

    def _note_level(self) -> None:
        if self._watermarks:
            self._watermarks.note(max(len(self) / self.capacity, self.weight / self.max_weight))
