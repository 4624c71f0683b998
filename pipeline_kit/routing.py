"""Routing: a lane for each worker of a stage, and a route that chooses the lane of an item.

                       ┌──────── stage "update", route=partition_by(user) ────────┐
           route(item) │ lane 0 [ a a · · ] ──▶ worker 0                          │
    ──▶ ───────────────┼ lane 1 [ b · · · ] ──▶ worker 1                          ├──▶
                       └ lane 2 [ c b c · ] ──▶ worker 2 ─────────────────────────┘

Without a route all workers of a stage take from one channel, which serves the first free one. See
`patterns/fan_out.py` for the routes there are, and when to use them.
"""

from collections.abc import Callable
from copy import copy
from inspect import signature
from typing import Any, TypeVar

from pipeline_kit.callbacks import check_plain
from pipeline_kit.channel import Channel, Observer
from pipeline_kit.channel_statistics import ChannelStatistics
from pipeline_kit.events import bare

T = TypeVar("T")

Route = Callable[[Any, int], int]
"""A function of an item and a number of lanes that returns the item's lane, from 0."""


def check_route(route: Route) -> None:
    """Raise a `TypeError` unless `route` is a plain function of an item and a number of lanes."""
    if not callable(route):
        raise TypeError(f"route must be a function of an item and a number, got {route!r}")
    check_plain(
        "route", route, takes="an item and a number of lanes", remedy="it must decide at once"
    )
    try:
        signature(route).bind("item", 1)
    except ValueError:
        pass  # a function written in C, which does not tell
    except TypeError:
        raise TypeError(
            f"route must be a function of an item and a number of lanes, got {route!r}; "
            "if it makes one, call it: round_robin(), partition_by(key)"
        ) from None


def choose(route: Route, item: Any, lanes: int) -> int:
    """Return the lane of `item` that `route` says.

    Raises:
        ValueError: there is no such lane. A negative number is none, either: otherwise a route
            that counts wrong would go unnoticed.
    """
    item = bare(item)
    number = route(item, lanes)
    if number not in range(lanes):
        raise ValueError(
            f"route must return a lane from 0 to {lanes - 1}, got {number!r} for item "
            f"{item!r:.200}; partition_by(key) takes any key"
        )
    return number


class Lanes(Channel[T]):
    """The channel in front of a stage with a route: one to send to, several to receive from.

    A sender waits for room in the lane of its item, whatever the others have. A worker receives
    from its lane, so `receive` belongs to the lanes alone.

    Args:
        route: chooses the lane of an item. It is copied, so that one with a memory begins anew.
        count: how many lanes there are.
        capacity: the most items that each lane holds.
        name: how messages, statistics and pictures call them all.
    """

    def __init__(
        self, route: Route, count: int, capacity: float = 0, *, name: str = "unnamed"
    ) -> None:
        self.lanes = tuple(Channel[T](capacity, name=name) for _ in range(count))
        super().__init__(capacity * count, name=name)
        self._route = copy(route)

    def send_nowait(self, item: T) -> None:
        """Put `item` into its lane without waiting.

        Raises:
            ChannelClosed: the channel is closed.
            ValueError: the route says what is no lane.
            WouldBlock: the lane is full, or other senders came first.
        """
        self._lane_for(item).send_nowait(item)
        self._note_depth()

    async def send(self, item: T) -> None:
        """Put `item` into its lane, waiting for room there.

        Raises:
            ChannelClosed: the channel is closed, or was closed while this send waited.
            ValueError: the route says what is no lane.
        """
        await self._lane_for(item).send(item)
        self._note_depth()

    def close(self) -> None:
        """Take no more items; what is in the lanes can still be received. May be called twice."""
        super().close()
        for lane in self.lanes:
            lane.close()

    def statistics(self) -> ChannelStatistics:
        """Return the state and the totals of all lanes together."""
        lanes = [lane.statistics() for lane in self.lanes]
        return ChannelStatistics(
            capacity=self.capacity,
            depth=len(self),
            peak_depth=self._peak_depth,
            sent=sum(lane.sent for lane in lanes),
            received=sum(lane.received for lane in lanes),
            waiting_senders=sum(lane.waiting_senders for lane in lanes),
            waiting_receivers=sum(lane.waiting_receivers for lane in lanes),
            senders_waited=sum(lane.senders_waited for lane in lanes),
            receivers_waited=sum(lane.receivers_waited for lane in lanes),
            closed=self._closed,
        )

    def __len__(self) -> int:
        return sum(map(len, self.lanes))

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Lanes {self.name!r}: {list(map(len, self.lanes))} of {self.capacity}, {state}>"

    @property
    def _observer(self) -> Observer | None:
        return self.lanes[0]._observer

    @_observer.setter
    def _observer(self, observer: Observer | None) -> None:
        for lane in self.lanes:
            lane._observer = observer

    def _lane_for(self, item: T) -> Channel[T]:
        return self.lanes[choose(self._route, item, len(self.lanes))]

    def _note_depth(self) -> None:
        self._peak_depth = max(self._peak_depth, len(self))


def lane_of(channel: Channel[T], worker: int) -> Channel[T]:
    """Return what the stage's worker of that number takes from: its lane, if there are lanes."""
    return channel.lanes[worker] if isinstance(channel, Lanes) else channel
