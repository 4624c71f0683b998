"""Producer and consumer: those who make items and those who use them, each at their own pace.

    producer ─┐                           ┌─▶ consumer
    producer ─┼─▶ [ · · · · · · · · · ] ──┼─▶ consumer
    producer ─┘    one bounded channel    └─▶ consumer

Neither side knows how many there are on the other. If the consumers are slower, the channel fills
up and the producers wait; if they are faster, they wait for items. When the last producer is done,
the channel is closed, and the consumers end once it is empty. An error on either side ends both.

This is the smallest pipeline there is: a `Stage` consumes from the channel in front of it and
produces into the one behind. Where there are results to pass on, use a `Pipeline`.
"""

import asyncio
from collections.abc import AsyncIterable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline_kit.channel import Channel
from pipeline_kit.errors import is_failure
from pipeline_kit.layer import Function, invoke
from pipeline_kit.patterns.fan_out import forward
from pipeline_kit.whole_numbers import check_whole

Producer = Iterable[Any] | AsyncIterable[Any]


async def producer_consumer(
    producers: Sequence[Producer], consume: Function, *, consumers: int = 1, capacity: float = 0
) -> None:
    """Call `consume` with each item that `producers` yield; return when all are consumed.

    Args:
        producers: any iterables or async iterables. A plain one lets nobody else run while it makes
            an item, so it should be quick. Generators are closed at the end, also an early one.
        consume: called with one item; plain or async.
        consumers: how many items are consumed at the same time.
        capacity: of the channel between them, in items; 0 is a rendezvous.

    Raises:
        ExceptionGroup: of what producers and consumers failed with.
        TypeError: `producers` is not a sequence of iterables, or `consume` is not callable.
        ValueError: `consumers` is below 1, or `capacity` below 0.
    """
    check_whole("consumers", consumers)
    if not callable(consume):
        raise TypeError(f"consume must be callable with one item, got {consume!r}")
    if not isinstance(producers, Sequence):
        raise TypeError(f"producers must be several, got {producers!r}; if it is one, put it in []")
    for producer in producers:
        if not isinstance(producer, Iterable | AsyncIterable):
            remedy = "; call it" if callable(producer) else ""
            raise TypeError(f"a producer must be iterable, got {producer!r}{remedy}")
    channel = Channel[Any](capacity, name="between producers and consumers")
    async with asyncio.TaskGroup() as group:
        group.create_task(_produce(producers, channel))
        for _ in range(consumers):
            group.create_task(_consume(channel, consume))


async def _produce(producers: Sequence[Producer], channel: Channel[Any]) -> None:
    with channel:
        async with asyncio.TaskGroup() as group:
            for producer in producers:
                group.create_task(_forward(producer, channel))


async def _forward(producer: Producer, channel: Channel[Any]) -> None:
    with _telling_cancellations_apart("producer"):
        await forward(producer, channel)


async def _consume(channel: Channel[Any], consume: Function) -> None:
    with _telling_cancellations_apart("consumer"):
        async for item in channel:
            await invoke(consume, item)


@contextmanager
def _telling_cancellations_apart(side: str) -> Iterator[None]:
    """Make an error of a cancellation that nobody asked for: a task group takes it for an end."""
    try:
        yield
    except asyncio.CancelledError as error:
        if is_failure(error):
            raise RuntimeError(f"what a {side} waited for was cancelled") from error
        raise
