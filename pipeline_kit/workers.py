"""The workers of a stage: what the tasks of a running pipeline do from one channel to the next.

In essence a worker is three lines:

    async for item in inbox:
        result = await function(item)
        await outbox.send(result)

The rest of this module makes those lines name the item that failed, keep the order where that is
asked, close the outbox when the last worker is done, and take the fast lane where there is one.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import Any

from pipeline_kit.bulk import Turn, move, move_async, room
from pipeline_kit.channel import Channel
from pipeline_kit.errors import ErrorLog, StageError, end_if_cancelled, is_failure
from pipeline_kit.layer import invoke, is_async
from pipeline_kit.routing import lane_of
from pipeline_kit.stage import FILTERED, Stage

Call = Callable[[Any], Any]


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
            StageError: `call` failed, and the stage does not say to skip the item; or the channel
                of the next stage did not take the result.
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

    async def _work_in_order(self, call: Call) -> None:
        async for item in self.inbox:
            # No await between taking the item and lining up, or another item might get in between.
            one_before_has_left, left = self._last_one_has_left, asyncio.Event()
            self._last_one_has_left = left
            await self._pass_on(call, item, one_before_has_left)
            left.set()

    async def _pass_on(self, call: Call, item: Any, my_turn: asyncio.Event | None = None) -> None:
        result = await self._process(call, item)
        if my_turn:
            await my_turn.wait()
        if result is _SKIPPED:
            return
        try:
            await self.outbox.send(result)
        except Exception as cause:  # it is full, or its route leads nowhere
            raise StageError.about(self.outbox.name, result, cause) from cause

    async def _process(self, call: Call, item: Any) -> Any:
        try:
            result = call(item)
            if isawaitable(result):
                self._awaits = True  # for a lambda, say, that calls an async function
                result = await result
                end_if_cancelled()
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
                end_if_cancelled()
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
        end_if_cancelled()


_SKIPPED = object()
