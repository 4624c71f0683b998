"""Fan-out and fan-in: items are shared among workers, and their results collected.

                  ┌─▶ inbox 0 ─▶ worker ─▶ outbox 0 ─┐
    jobs ─ fan_out┼─▶ inbox 1 ─▶ worker ─▶ outbox 1 ─┼fan_in ─▶ results
                  └─▶ inbox 2 ─▶ worker ─▶ outbox 2 ─┘

Who gets an item is a decision:

    the first free worker   all take from one channel; `Stage(work, workers=3)`
    each in turn            `Stage(work, workers=3, route=round_robin())`
    the one for its key     `Stage(work, workers=3, route=partition_by(key))`

The first free worker is the best choice as long as any worker will do: nobody waits behind a slow
item while another worker is free. By key is for workers that keep something for a key, a sum or a
connection, or where the items of one key must stay in order. In turn serves workers that are alike
and items that cost alike.

With a route, an item waits for its worker whatever the others do, and so do the items behind it
once its worker's channel is full: the capacity of that channel is how far a slow item lets the
others get ahead.

`fan_out` and `fan_in` do it over channels of your own; run each as a task.
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Hashable, Iterable, Sequence
from copy import copy
from typing import Any, TypeVar
from zlib import crc32

from pipeline_kit.callbacks import check_plain
from pipeline_kit.channel import Channel
from pipeline_kit.routing import Route, check_route, choose
from pipeline_kit.source import close_source

T = TypeVar("T")


async def fan_out(
    inbox: AsyncIterable[T],
    outboxes: Sequence[Channel[T]],
    *,
    route: Route,
    order: Channel[int] | None = None,
) -> None:
    """Send each item of `inbox` to the one of `outboxes` that `route` says; then close them.

    Args:
        inbox: where the items come from, such as a channel.
        outboxes: the workers' channels.
        route: `round_robin()`, `partition_by(key)`, or a function of an item and the number of
            outboxes that returns one of them, from 0.
        order: the channel that tells a `fan_in` in which order to collect. While the result of a
            slow item is waited for, as many later items are worked on as it has capacity.

    Raises:
        ChannelClosed: an outbox was closed by someone else.
        TypeError: `route` is not such a function.
        ValueError: there are no outboxes, or the route says one that is not there.
    """
    if not outboxes:
        raise ValueError("outboxes must be one channel or more, got none")
    check_route(route)
    route = copy(route)  # so that one with a memory begins anew
    try:
        async for item in inbox:
            number = choose(route, item, len(outboxes))
            if order is not None:
                await order.send(number)
            await outboxes[number].send(item)
    finally:
        for outbox in outboxes:
            outbox.close()
        if order is not None:
            order.close()


async def fan_in(
    inboxes: Sequence[AsyncIterable[T]],
    outbox: Channel[T],
    *,
    order: Channel[int] | None = None,
) -> None:
    """Send all items of all `inboxes` to `outbox`; close it when the last of them has ended.

    Args:
        inboxes: where the items come from, such as the channels behind workers.
        outbox: where they go.
        order: the channel that a `fan_out` has told its order; results are then sent in that
            order. Each worker must return one result per item, in order. By default results are
            sent as they come.

    Raises:
        ExceptionGroup: of what some inboxes failed with, or that `outbox` was closed.
        RuntimeError: there were more or fewer results than items, and order was asked for.
    """
    with outbox:
        if order is not None:
            await _collect_in_order(inboxes, outbox, order)
            return
        async with asyncio.TaskGroup() as group:
            for inbox in inboxes:
                group.create_task(forward(inbox, outbox))


async def forward(source: Iterable[T] | AsyncIterable[T], outbox: Channel[T]) -> None:
    """Send all items of `source` to `outbox`. If it is a generator, close it, also when cancelled.

    Raises:
        ChannelClosed: `outbox` was closed by someone else.
    """
    try:
        if isinstance(source, AsyncIterable):
            async for item in source:
                await outbox.send(item)
        else:
            for item in source:
                await outbox.send(item)
    finally:
        await close_source(source)


def round_robin() -> Route:
    """Return a route that gives each lane an item in turn: 0, 1, 2, 0, 1, 2."""
    return _RoundRobin()


def partition_by(key: Callable[[Any], Hashable]) -> Route:
    """Return a route that gives all items with the same key to the same lane.

    Args:
        key: the key of an item: a number, a string, a tuple, or anything else that can be hashed.
            Items whose key cannot be fail with a `TypeError`.

    Raises:
        TypeError: `key` is not callable, or async.
    """
    if not callable(key):
        raise TypeError(f"key must be a function of an item, got {key!r}; try itemgetter({key!r})")
    check_plain("key", key, takes="an item", remedy="compute it in a stage before")
    return lambda item, lanes: stable_hash(key(item)) % lanes


def stable_hash(key: Hashable) -> int:
    """Return a hash of 32 bits for `key`: the same for keys that are equal.

    For numbers, strings, bytes and tuples of those it is the same in every run and process, which
    Python's own `hash` is not. It is the CRC-32 of what the key is made of, so that regular keys,
    such as even numbers, spread over all lanes.
    """
    hashed = type(key).__hash__  # decides what is equal, also for subclasses such as named tuples
    if hashed is str.__hash__:
        return crc32(str.encode(key, "utf-8", "surrogatepass"))  # type: ignore[arg-type] # it is one
    if hashed is bytes.__hash__:
        return crc32(key)  # type: ignore[arg-type] # it is bytes
    if hashed is tuple.__hash__:
        parts = [stable_hash(part).to_bytes(4, "little") for part in key]  # type: ignore[attr-defined] # it is a tuple
        return crc32(b"".join(parts))
    return crc32(hash(key).to_bytes(8, "little", signed=True))


class _RoundRobin:
    def __init__(self) -> None:
        self._turn = 0

    def __call__(self, item: object, lanes: int) -> int:
        turn = self._turn % lanes
        self._turn = turn + 1
        return turn


async def _collect_in_order(
    inboxes: Sequence[AsyncIterable[T]], outbox: Channel[T], order: Channel[int]
) -> None:
    results = [aiter(inbox) for inbox in inboxes]
    async for number in order:
        try:
            result = await anext(results[number])
        except StopAsyncIteration:
            raise RuntimeError(
                f"worker {number} has ended, but owes a result: {_ONE_EACH}"
            ) from None
        await outbox.send(result)
    for number, rest in enumerate(results):
        async for result in rest:
            raise RuntimeError(f"worker {number} returned {result!r:.200} as well: {_ONE_EACH}")


_ONE_EACH = "in order, workers must return one result for each item; leave out the order otherwise"
