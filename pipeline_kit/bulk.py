"""Moving many small items in one go: the fast lane of a stage with a single worker.

Within one turn of the event loop nobody else can look. So when items are there, and there is room
for the results, a worker may move ten of them in a row without taking its turn ten times; the
channels end up as if it had moved them one by one. This is worth some ten times the speed, and is
the only code that reaches into a channel's internals. So it is for plain channels only: one of
another class may have rules of its own.
"""

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice, repeat, starmap
from operator import length_hint
from types import CoroutineType
from typing import Any

from pipeline_kit.channel import Channel
from pipeline_kit.errors import StageError, is_failure
from pipeline_kit.stage import FILTERED


class Turn:
    """How many items to move in one turn of the event loop: as many as take half a millisecond.

    So a stage with a slow function lets the others run after each item, and one with a quick
    function does not spend more time on taking turns than on its work. Use as
    `async with turn: …`, at whose end the others run.
    """

    def __init__(self) -> None:
        self.size = 1
        self._time = asyncio.get_running_loop().time
        self._began = 0.0

    async def __aenter__(self) -> None:
        self._began = self._time()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        took = self._time() - self._began
        self.size = min(2 * self.size, 1024) if took < 0.0005 else max(self.size // 2, 1)
        if kind is None:  # who has failed says so at once, or a cancellation might come in between
            await asyncio.sleep(0)


def room(channel: Channel[Any]) -> int:
    """Return how many items can be put into `channel` without waiting, and out of turn."""
    if channel._senders or channel.closed or type(channel) is not Channel:
        return 0
    if channel.capacity == math.inf:
        return sys.maxsize
    return max(0, int(channel.capacity) - len(channel._buffer))


def fill(outbox: Channel[Any], items: Iterator[Any], count: int) -> bool:
    """Put the next `count` items, for which there is room, into `outbox`; tell if there were more.

    An error in `items` passes through; what came before it has been put in.
    """
    before = len(outbox._buffer)
    try:
        outbox._buffer.extend(islice(items, count))
    finally:
        outbox._note_depth()
        outbox._wake_first()
    return len(outbox._buffer) - before == count


def move(
    stage: str,
    function: Callable[[Any], object],
    inbox: Channel[Any],
    outbox: Channel[Any],
    count: int,
    note_filtered: Callable[[], None] = lambda: None,
) -> tuple[Any, Awaitable[object]] | None:
    """Pass `count` items that are in `inbox` through a plain function to where there is room.

    Calls `note_filtered` for each that the function says is to go no further. If it returns a
    coroutine, as a function may that is async for some items only, this ends early, and returns
    that item and the coroutine.

    Raises:
        StageError: the function failed; the items before the failed one have been moved.
    """
    arrived, results = inbox._buffer, outbox._buffer
    put = results.append
    item, filtered, coroutine = None, FILTERED, CoroutineType
    claims = _claim(inbox, count)
    try:
        for item in starmap(arrived.popleft, claims):  # quicker than a call for each
            result = function(item)
            if type(result) is coroutine:
                return item, result
            if result is filtered:
                note_filtered()
            else:
                put(result)
        return None
    except Exception as error:
        raise StageError.about(stage, item, error) from error
    finally:
        _give_back(inbox, claims)
        inbox._wake_first()
        outbox._note_depth()
        outbox._wake_first()


async def move_async(
    stage: str,
    function: Callable[[Any], Awaitable[object]],
    inbox: Channel[Any],
    outbox: Channel[Any],
    count: int,
    note_filtered: Callable[[], None] = lambda: None,
) -> None:
    """Do the same with an async function.

    It may be suspended at any item, and then others do look: so everything is kept up to date.

    Raises:
        StageError: the function failed; the items before the failed one have been moved.
    """
    results, put = outbox._buffer, outbox._buffer.append
    senders, filtered = inbox._senders, FILTERED
    peak, item = outbox._peak_depth, None
    claims = _claim(inbox, count)
    try:
        for item in starmap(inbox._buffer.popleft, claims):
            if senders:
                inbox._wake_first()
            result = await function(item)
            if result is filtered:
                note_filtered()
                continue
            put(result)
            # One who waits to receive was woken by the first result; he wakes the one behind him.
            if not 1 < len(results) <= peak:
                outbox._note_depth()
                outbox._wake_first()
                peak = outbox._peak_depth
    except BaseException as error:
        if not is_failure(error):
            raise
        raise StageError.about(stage, item, error) from error
    finally:
        _give_back(inbox, claims)


def _claim(inbox: Channel[Any], count: int) -> Iterable[tuple[()]]:
    """Count `count` items as received in advance; return what shrinks by one for each one taken.

    To count each as it is taken would take a tenth of the time. `inbox._claims` tells whoever looks
    in the meantime, if only the function itself, how many of them are still there.
    """
    inbox._received += count
    inbox._claims = claims = repeat((), count)
    return claims


def _give_back(inbox: Channel[Any], claims: Iterable[tuple[()]]) -> None:
    inbox._received -= length_hint(claims)
    inbox._claims = ()
