"""Batching: many small items become few large ones, where a call costs more than an item.

    items    a  b  c           d  e            f                    (size=3, timeout=2)
    batches        [a b c]           [d e]           [f]
                   full              2 s after d     2 s after f

A database, an API or a file takes a hundred rows in little more time than one. But items must not
wait for a batch that never gets full: so one is delivered when it has `size` items, or `timeout`
seconds after it has got its first, whichever comes first, and at the end of the source.

    pipeline.run(batched(rows, size=100, timeout=1))           in front of a pipeline
    async for batch in batched(run, size=100, timeout=1):      behind one

Items are taken from the source only while somebody waits for a batch. Those who do not come for the
next one so hold the source back.

Not for work whose cost grows with the size of the batch anyway: there it only adds waiting.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Generic, TypeVar

from pipeline_kit.channel import Channel, EndOfChannel
from pipeline_kit.patterns.fan_out import forward
from pipeline_kit.whole_numbers import check_whole

T = TypeVar("T")


def batched(
    source: Iterable[T] | AsyncIterable[T], *, size: int, timeout: float | None = None
) -> AsyncIterator[list[T]]:
    """Return an async iterator over the items of `source` in lists.

    No item is lost or delivered twice, and order is kept. If the source fails, what it had yielded
    before is delivered first, and then the error is raised. Over a channel, or a pipeline's run,
    the iteration may be left or cancelled at any time and taken up again. A generator is closed
    when the iteration ends, also early.

    Args:
        source: any iterable, async iterable or channel.
        size: the most items in a batch.
        timeout: seconds after the first item of a batch when it is delivered although it is not
            full; None waits until it is.

    Raises:
        TypeError: `source` is not iterable.
        ValueError: `size` is below 1, or `timeout` is not above 0.
    """
    check_whole("size", size, of="items")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be above 0 seconds, got {timeout!r}; None for no limit")
    if not isinstance(source, Iterable | AsyncIterable):
        remedy = "call it: batched(source())" if callable(source) else "pass a list or a generator"
        raise TypeError(f"source must be iterable, sync or async, got {source!r}; {remedy}")
    direct = aiter(source) if isinstance(source, AsyncIterable) else None
    if isinstance(direct, Channel):
        return _Batches(direct, size, timeout)
    channel = Channel[T](name="to be batched")
    return _while_fed(source, channel, _Batches(channel, size, timeout))


async def unbatched(batches: AsyncIterable[Iterable[T]]) -> AsyncIterator[T]:
    """Yield the items of each batch, one by one."""
    async for batch in batches:
        for item in batch:
            yield item


class _Batches(AsyncIterator[list[T]], Generic[T]):
    """Batches from a channel; an unfinished one is kept for whoever asks next."""

    def __init__(self, channel: Channel[T], size: int, timeout: float | None) -> None:
        self._channel = channel
        self._size = size
        self._timeout = timeout
        self._batch: list[T] = []
        self._due: float | None = None

    async def __anext__(self) -> list[T]:
        try:
            if not self._batch:
                await self._receive()
                self._due = self._timeout and asyncio.get_running_loop().time() + self._timeout
            async with asyncio.timeout_at(self._due):
                while len(self._batch) < self._size:
                    await self._receive()
        except EndOfChannel:
            if not self._batch:
                raise StopAsyncIteration from None
        except TimeoutError:
            pass
        batch, self._batch = self._batch, []
        return batch

    async def _receive(self) -> None:
        self._batch.append(await self._channel.receive())


async def _while_fed(
    source: Iterable[T] | AsyncIterable[T], channel: Channel[T], batches: _Batches[T]
) -> AsyncIterator[list[T]]:
    """Let a task of its own wait for the source, because a timeout would cancel a generator."""
    feeding = asyncio.create_task(_feed(source, channel), name="feeding batches")
    try:
        async for batch in batches:
            yield batch
        await feeding  # raises what the source failed with
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _feed(source: Iterable[T] | AsyncIterable[T], channel: Channel[T]) -> None:
    with channel:
        await forward(source, channel)
