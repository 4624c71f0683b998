"""The source of a run: what the first channel is fed with, by a task of its own.

    source ──▶ feed ──▶ [ channel of the first stage ] ──▶ …

In essence feeding is three lines:

    with outbox:
        for item in source:
            await outbox.send(item)

The rest of this module makes those lines tell a source that fails from a stage that does not take
an item, close a generator however the run ends, hold items back while the run is paused, and take
the fast lane where there is one.
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from inspect import isasyncgen, isgenerator
from typing import Any

from pipeline_kit.bulk import Turn, fill, room
from pipeline_kit.channel import Channel
from pipeline_kit.errors import StageError, end_if_cancelled, is_failure
from pipeline_kit.events import SOURCE

Source = Iterable[Any] | AsyncIterable[Any]


async def feed(
    source: Source,
    outbox: Channel[Any],
    go: asyncio.Event,
    enter: Callable[[Any], Any] | None = None,
) -> None:
    """Send all that `source` yields, each item passed through `enter`, to `outbox`; then close it.

    While `go` is not set, no send begins. A source that is a generator is closed too, also when the
    run ends early.

    Raises:
        StageError: the source failed, maybe in its clean-up, or the channel of the first stage did
            not take an item.
    """
    try:
        with outbox:
            try:
                await _send_all(source, outbox, go, enter)
            finally:
                await close_source(source)
    except _Refused as refused:
        raise refused.error from refused.error.__cause__
    except BaseException as error:
        if not is_failure(error):
            raise
        raise StageError(SOURCE, outbox.statistics().sent) from error


async def close_source(source: Source) -> None:
    """Close `source` if it is a generator, so that its clean-up runs; that may be done twice."""
    if isasyncgen(source):
        await source.aclose()
    elif isgenerator(source):
        source.close()


async def _send_all(
    source: Source, outbox: Channel[Any], go: asyncio.Event, enter: Callable[[Any], Any] | None
) -> None:
    if isinstance(source, AsyncIterable):
        async for item in source:
            end_if_cancelled()
            await go.wait()
            await _send(outbox, enter(item) if enter else item)
    elif enter:
        for item in source:
            await go.wait()
            await _send(outbox, enter(item))
    else:
        await _feed_in_bulk(source, outbox, go)


async def _feed_in_bulk(source: Iterable[Any], outbox: Channel[Any], go: asyncio.Event) -> None:
    items, turn = iter(source), Turn()
    for item in items:
        await go.wait()
        await _send(outbox, item)
        while go.is_set() and (count := min(turn.size, room(outbox))):
            async with turn:
                if not fill(outbox, items, count):
                    return


async def _send(outbox: Channel[Any], item: Any) -> None:
    try:
        await outbox.send(item)
    except Exception as cause:
        raise _Refused(StageError.about(outbox.name, item, cause)) from None


class _Refused(Exception):  # noqa: N818 - reads as what happened, like ChannelClosed
    """A channel did not take an item: because it is full, or its route leads nowhere.

    It never leaves this module. A `StageError` would not do, because a source may raise one itself:
    another run does, if it fails.
    """

    def __init__(self, error: StageError) -> None:
        super().__init__()
        self.error = error
