"""What the tasks of a running pipeline do: feed the first channel, and work from one to the next.

In essence a worker is three lines:

    async for item in inbox:
        result = await function(item)
        await outbox.send(result)

The rest of this module makes those lines name the item that failed, keep the order where that is
asked, close the outbox when the last worker is done, and take the fast lane where there is one.
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from inspect import isasyncgen, isawaitable, isgenerator
from typing import Any

from pipeline_kit.bulk import Turn, fill, move, move_async, room
from pipeline_kit.channel import Channel
from pipeline_kit.errors import ErrorLog, StageError, is_failure
from pipeline_kit.events import SOURCE
from pipeline_kit.layer import invoke, is_async
from pipeline_kit.routing import lane_of
from pipeline_kit.stage import FILTERED, Stage

Call = Callable[[Any], Any]
Source = Iterable[Any] | AsyncIterable[Any]


async def feed(
    source: Source, outbox: Channel[Any], go: asyncio.Event, enter: Call | None = None
) -> None:
    """Send all that `source` yields, each item passed through `enter`, to `outbox`; then close it.

    While `go` is not set, nothing is sent. A source that is a generator is closed too, also when
    the run ends early.

    Raises:
        StageError: the source failed.
    """
    try:
        with outbox:
            if isinstance(source, AsyncIterable):
                async for item in source:
                    _end_if_cancelled()
                    await go.wait()
                    await outbox.send(enter(item) if enter else item)
            elif enter:
                for item in source:
                    await go.wait()
                    await outbox.send(enter(item))
            else:
                await _feed_in_bulk(source, outbox, go)
    except BaseException as error:
        if not is_failure(error):
            raise
        raise StageError(SOURCE, outbox.statistics().sent) from error
    finally:
        await close_source(source)


async def close_source(source: Source) -> None:
    """Close `source` if it is a generator, so that its clean-up runs; that may be done twice."""
    if isasyncgen(source):
        await source.aclose()
    elif isgenerator(source):
        source.close()


async def _feed_in_bulk(source: Iterable[Any], outbox: Channel[Any], go: asyncio.Event) -> None:
    items, turn = iter(source), Turn()
    for item in items:
        await go.wait()
        await outbox.send(item)
        while go.is_set() and (count := min(turn.size, room(outbox))):
            async with turn:
                if not fill(outbox, items, count):
                    return


class Crew:
    """The workers of one stage, with the channel they take from and the one they send to."""

    def __init__(
        self,
        stage: Stage,
        inbox: Channel[Any],
        outbox: Channel[Any],
        errors: ErrorLog,
        *,
        in_bulk: bool = True,
    ) -> None:
        self.stage = stage
        self.inbox = inbox
        self.outbox = outbox
        self.errors = errors
        self.filtered = 0
        self.skipped = 0
        self._at_work = stage.workers
        self._in_bulk = in_bulk and stage.workers == 1 and type(inbox) is Channel
        self._is_async = bool(is_async(stage.function) or stage.executor or stage.layers)
        self._awaits = self._is_async
        self._last_one_has_left = asyncio.Event()
        self._last_one_has_left.set()

    async def work(self, call: Call, worker: int = 0) -> None:
        """Be the worker of that number: pass the items of the inbox through `call`, to the end.

        Raises:
            StageError: `call` failed, and the stage does not say to skip the item.
        """
        try:
            if self.stage.ordered and self.stage.workers > 1:
                await self._work_in_order(call)
            else:
                await self._work_as_they_come(call, lane_of(self.inbox, worker))
        finally:
            self._at_work -= 1
            if self._at_work == 0:
                self.outbox.close()

    async def _work_as_they_come(self, call: Call, inbox: Channel[Any]) -> None:
        turn = Turn()
        async for item in inbox:
            await self._pass_on(call, item)
            while self._in_bulk and (count := min(turn.size, len(self.inbox), room(self.outbox))):
                async with turn:
                    await self._move(call, count)

    async def _pass_on(self, call: Call, item: Any) -> None:
        result = await self._process(call, item)
        if result is not _SKIPPED:
            await self.outbox.send(result)

    async def _work_in_order(self, call: Call) -> None:
        async for item in self.inbox:
            # No await between taking the item and lining up, or another item might get in between.
            one_before_has_left, left = self._last_one_has_left, asyncio.Event()
            self._last_one_has_left = left
            result = await self._process(call, item)
            await one_before_has_left.wait()
            if result is not _SKIPPED:
                await self.outbox.send(result)
            left.set()

    async def _process(self, call: Call, item: Any) -> Any:
        try:
            result = call(item)
            if isawaitable(result):
                self._awaits = True  # for a lambda, say, that calls an async function
                result = await result
                _end_if_cancelled()
        except BaseException as cause:
            if not is_failure(cause):
                raise
            self._handle(StageError.about(self.stage.name, item, cause))
            return _SKIPPED
        if result is FILTERED:
            self._note_filtered()
            return _SKIPPED
        return result

    async def _move(self, call: Call, count: int) -> None:
        way = (self.inbox, self.outbox, count, self._note_filtered)
        pending = None
        try:
            if self._awaits:
                function = call if self._is_async else partial(invoke, call)
                await move_async(self.stage.name, function, *way)
                _end_if_cancelled()
            else:
                pending = move(self.stage.name, call, *way)
        except StageError as error:
            self._handle(error)
        if pending:
            item, coroutine = pending
            await self._pass_on(lambda _: coroutine, item)

    def _note_filtered(self) -> None:
        self.filtered += 1

    def _handle(self, error: StageError) -> None:
        if self.stage.on_error is None:
            raise error
        self.stage.on_error(error)
        self.errors.add(error)
        self.skipped += 1


def _end_if_cancelled() -> None:
    """Raise the cancellation of the current task again, if a function has held it back.

    Or a worker whose function catches `CancelledError` would go on, and wait for ever to send to
    stages that have ended.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


_SKIPPED = object()
