"""Channels: the bounded queues that connect one stage to the next.

    sender ── send ──▶ [ a b c · · ] ── receive ──▶ receiver
                       capacity 5, depth 3

A channel passes items from senders to receivers, in order, and holds at most `capacity` of them.
A sender that finds it full waits, and so a slow stage slows the stages before it: that waiting is
backpressure. A channel of capacity 0 holds nothing: every send waits for a receiver (a rendezvous).

Senders and receivers wait in line, first come, first served. Whoever is first is woken once it can
go on, and then moves its item itself. So a cancellation always strikes before anything has moved: a
cancelled `send` has sent nothing, a cancelled `receive` has taken nothing. (So a rendezvous may be
left with an item whose receiver was cancelled just after the sender had gone; the next gets it.)

A channel belongs to one event loop and is not thread-safe. Its manners are those of Go's channels
and of trio's memory channels.
"""

import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import length_hint
from typing import Any, Generic, Protocol, Self, TypeVar

from pipeline_kit.channel_statistics import ChannelStatistics
from pipeline_kit.waiting_line import Line, Waiter
from pipeline_kit.whole_numbers import is_whole

T = TypeVar("T")
S = TypeVar("S")


class ChannelClosed(Exception):  # noqa: N818 - reads as what happened, as in trio and Go
    """Raised by a send on a channel that is closed, or that closes while the send waits."""


class EndOfChannel(Exception):  # noqa: N818 - likewise; the end is not an error
    """Raised by a receive once the channel is closed and everything in it has been received."""


class WouldBlock(Exception):  # noqa: N818 - likewise; the name it has in trio
    """Raised by `send_nowait` and `receive_nowait` where `send` and `receive` would wait."""


class Observer(Protocol):
    """Someone who wants to know of each item that a channel accepts or discards."""

    def queued(self, item: Any, channel: str) -> None:
        """Take note that the channel of that name has accepted `item`."""

    def dropped(self, item: Any, channel: str) -> None:
        """Take note that the channel has discarded `item`, which it had accepted."""


class Channel(Generic[T]):
    """A bounded first-in, first-out queue that can be closed.

    `async for item in channel` receives until the channel is closed and empty; `with channel:`
    closes it on the way out, which is how a stage says that it is done.

    Args:
        capacity: the most items the channel holds; 0 makes every send wait for a receiver,
            `math.inf` lets it grow without bound.
        name: how messages, statistics and pictures call the channel.

    Raises:
        ValueError: `capacity` is negative or not a whole number.
    """

    def __init__(self, capacity: float = 0, *, name: str = "unnamed") -> None:
        check_capacity("capacity", capacity)
        self.name = name
        self.capacity = capacity
        self._buffer: deque[T] = deque()
        self._senders: Line[T] = Line()
        self._receivers: Line[None] = Line()
        self._closed = False
        self._received = 0
        self._claims: Iterable[tuple[()]] = ()  # for each item counted as received in advance, one
        self._peak_depth = 0
        self._observer: Observer | None = None
        self._abandoned = False

    def send_nowait(self, item: T) -> None:
        """Put `item` into the channel, or hand it to a waiting receiver, without waiting.

        Raises:
            ChannelClosed: the channel is closed.
            WouldBlock: the channel is full, or other senders came first.
        """
        if self._closed:
            raise ChannelClosed(f"channel {self.name!r} is closed: nothing more can be sent on it")
        if self._senders or not self._has_room():
            raise WouldBlock
        self._put(item)

    async def send(self, item: T) -> None:
        """Put `item` into the channel, waiting for room if it is full.

        Raises:
            ChannelClosed: the channel is closed, or was closed while this send waited.
        """
        try:
            return self.send_nowait(item)
        except WouldBlock:
            pass  # and wait outside of this block, so that later errors do not drag it along
        return await self._send_in_turn(item)

    async def _send_in_turn(self, item: T) -> None:
        me = Waiter(item)
        with self._place_in(self._senders, me):
            while not (self._closed or me.served or (self._senders[0] is me and self._has_room())):
                await me.sleep()
        if me.served:
            return
        if self._closed:
            raise ChannelClosed(f"channel {self.name!r} was closed while a send waited on it")
        self._put(item)

    def receive_nowait(self) -> T:
        """Take the oldest item, or that of a sender who waits at a rendezvous, without waiting.

        Should that sender be cancelled before it hears of it, its item has been sent all the same:
        where nobody waits, one side must go first.

        Raises:
            EndOfChannel: the channel is closed and empty.
            WouldBlock: the channel is empty, or its items belong to receivers who came first.
        """
        if self._receivers:
            raise WouldBlock
        if self._buffer:
            return self._take()
        if self._closed:
            raise EndOfChannel(f"channel {self.name!r} is closed and empty")
        if self.capacity == 0 and self._senders and not self._senders[0].is_cancelled():
            self._serve(self._senders.popleft())
            return self._take()
        raise WouldBlock

    async def receive(self) -> T:
        """Take the oldest item, waiting for one if the channel is empty.

        Raises:
            EndOfChannel: the channel is closed and everything in it has been received.
        """
        if self._receivers or not (self._buffer or self._closed):
            me = Waiter(None)
            with self._place_in(self._receivers, me):
                while not (self._closed or (self._receivers[0] is me and self._buffer)):
                    await me.sleep()
        if not self._buffer:
            raise EndOfChannel(f"channel {self.name!r} is closed and empty")
        return self._take()

    def close(self) -> None:
        """Take no more items; what is in the channel can still be received. May be called twice."""
        self._closed = True
        everyone: list[Waiter[Any]] = [*self._senders, *self._receivers]
        for waiter in everyone:
            waiter.wake()

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def statistics(self) -> ChannelStatistics:
        """Return the channel's state and totals at this moment."""
        received = self._received - length_hint(self._claims)
        return ChannelStatistics(
            capacity=self.capacity,
            depth=len(self),
            peak_depth=max(self._peak_depth, len(self)),
            sent=received + len(self._buffer),
            received=received,
            waiting_senders=len(self._senders),
            waiting_receivers=len(self._receivers),
            senders_waited=self._senders.waited(),
            receivers_waited=self._receivers.waited(),
            closed=self._closed,
        )

    def __len__(self) -> int:
        # An item for which a receiver has been woken is only passing through.
        return max(0, len(self._buffer) - len(self._receivers))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        if self._buffer and not self._receivers and not self._senders:
            self._received += 1  # the common case in short, because everyone iterates
            return self._buffer.popleft()
        try:
            return await self.receive()
        except EndOfChannel:
            raise StopAsyncIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return (
            f"<Channel {self.name!r}: {len(self)} of {self.capacity} items, {state}, "
            f"{len(self._senders)} waiting to send, {len(self._receivers)} to receive>"
        )

    def __del__(self) -> None:
        if not hasattr(self, "_abandoned"):
            return  # it has never been made: an argument was wrong
        left = len(self._buffer)
        if self._abandoned or self._senders or self._receivers:
            problem = "while a task still waited on it"
        elif left and not self._closed:
            problem = f"unclosed, with {left} items in it"
        else:
            return
        message = f"channel {self.name!r} was thrown away {problem}"
        warnings.warn(message, ResourceWarning, stacklevel=2, source=self)

    def _has_room(self) -> bool:
        # At a rendezvous there is room for as many items as there are receivers waiting.
        return len(self._buffer) < (self.capacity or len(self._receivers))

    def _note_depth(self) -> None:
        depth = len(self._buffer) - len(self._receivers)
        if depth > self._peak_depth:
            self._peak_depth = depth

    def _put(self, item: T) -> None:
        if self._observer:
            self._observer.queued(item, self.name)
        self._buffer.append(item)
        self._note_depth()
        if self._receivers or self._senders:
            self._wake_first()

    def _take(self) -> T:
        item = self._buffer.popleft()
        self._received += 1
        if self._receivers or self._senders:
            self._wake_first()
        return item

    def _serve(self, sender: "Waiter[T]") -> None:
        self._buffer.append(sender.item)
        sender.served = True
        sender.wake()

    @contextmanager
    def _place_in(self, line: "Line[S]", me: "Waiter[S]") -> Iterator[None]:
        line.append(me)
        self._wake_first()
        try:
            yield
        except BaseException as error:
            # We may have been woken already: pass the turn on to the next in line.
            line.leave(me)
            self._note_depth()
            self._abandoned |= isinstance(error, GeneratorExit)
            self._wake_first()
            raise
        line.leave(me)

    def _wake_first(self) -> None:
        if self._receivers and self._buffer:
            self._receivers[0].wake()
        if self._senders and self._has_room():
            self._senders[0].wake()


def check_capacity(argument: str, capacity: float) -> None:
    """Raise a `ValueError` that names `argument` unless `capacity` is one a channel can have."""
    whole = is_whole(capacity) or capacity == math.inf
    if not whole or capacity < 0:
        raise ValueError(
            f"{argument} must be a whole number of items, 0 or more, got {capacity!r}; "
            "use 0 for a rendezvous, or math.inf for no bound"
        )
