"""Recording a run: numbers the items as they enter and writes each step into a trace.

A run that is not recorded uses nothing of this module. One that is carries its items in numbered
envelopes, through a source, channels, functions and a sink that make a note of each item and
otherwise do what they always do.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from inspect import isawaitable
from itertools import count
from typing import Any

from pipeline_kit.channel import Channel
from pipeline_kit.errors import is_failure, shown
from pipeline_kit.events import SINK, SOURCE, Envelope, Event, Kind, StageShape
from pipeline_kit.marks import Mark, MarkKind, listener
from pipeline_kit.stage import FILTERED, Stage
from pipeline_kit.trace import Trace


class Recorder:
    """Writes the trace of one run; times are those of the running event loop, from now on.

    Args:
        stages: the stages from left to right.
        channels: the channel in front of each, and that in front of the sink.
    """

    def __init__(self, stages: Sequence[Stage], channels: Sequence[Channel[Any]]) -> None:
        workers = [*(stage.workers for stage in stages), 1]
        self.trace = Trace(
            [StageShape(c.name, n, c.capacity) for c, n in zip(channels, workers, strict=True)]
        )
        for channel in channels:
            channel._observer = self
        self._clock = asyncio.get_running_loop().time
        self._start = self._clock()
        self._numbers = count()

    def enter(self, value: object) -> Envelope:
        """Give the next number to an item that comes from the source."""
        envelope = Envelope(next(self._numbers), value)
        self._note("finished", envelope, SOURCE)
        return envelope

    def queued(self, item: Envelope, channel: str) -> None:
        """Note that a channel has accepted an item; its name is that of the stage behind it."""
        self._note("queued", item, channel)

    def dropped(self, item: Envelope, channel: str) -> None:
        """Note that a channel has discarded an item that it had accepted."""
        self._note("dropped", item, channel)

    def call(self, stage: Stage, worker: int, function: Callable[[Any], Any]) -> "RecordedCall":
        """Wrap the function of a stage, as one of its workers calls it."""

        async def recorded_call(envelope: Envelope) -> Any:
            self._note("started", envelope, stage.name, worker)
            listener.set(lambda kind: self._mark(kind, envelope, stage.name, worker))
            try:
                result = function(envelope.value)
                if isawaitable(result):
                    result = await result
            except BaseException as error:
                if is_failure(error):
                    self._note("failed", envelope, stage.name, worker, shown(error))
                raise
            if result is FILTERED:
                self._note("filtered", envelope, stage.name, worker)
                return FILTERED
            self._note("finished", envelope, stage.name, worker)
            return Envelope(envelope.number, result)

        return recorded_call

    def results(self, channel: Channel[Envelope]) -> AsyncIterator[Any]:
        """Iterate over the results in `channel`, noting when the sink takes each."""
        return _RecordedResults(self, channel)

    def taken(self, envelope: Envelope) -> None:
        """Note that the sink has taken a result."""
        self._note("started", envelope, SINK)

    def _mark(self, kind: MarkKind, envelope: Envelope, stage: str, worker: int) -> None:
        time = self._clock() - self._start
        self.trace.marks.append(Mark(time, kind, envelope.number, stage, worker))

    def _note(
        self, kind: Kind, envelope: Envelope, stage: str, worker: int = 0, note: str = ""
    ) -> None:
        time = self._clock() - self._start
        self.trace.events.append(Event(time, kind, envelope.number, stage, worker, note))


RecordedCall = Callable[[Envelope], Awaitable[Any]]


class _RecordedResults(AsyncIterator[Any]):
    def __init__(self, recorder: Recorder, channel: Channel[Envelope]) -> None:
        self._recorder = recorder
        self._channel = channel

    async def __anext__(self) -> Any:
        envelope = await anext(self._channel)
        self._recorder.taken(envelope)
        return envelope.value
