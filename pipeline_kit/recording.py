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
from pipeline_kit.stage import Stage
from pipeline_kit.trace import SINK, SOURCE, Envelope, Event, Kind, StageShape, Trace


class Recorder:
    """Writes the trace of one run; times are those of the running event loop, from now on.

    Args:
        stages: the stages from left to right.
        buffer: capacity of the channel in front of the sink.
    """

    def __init__(self, stages: Sequence[Stage], buffer: float) -> None:
        shapes = [StageShape(s.name, s.workers, s.buffer) for s in stages]
        self.trace = Trace([*shapes, StageShape(SINK, 1, buffer)])
        self._clock = asyncio.get_running_loop().time
        self._start = self._clock()
        self._numbers = count()

    def enter(self, value: object) -> Envelope:
        """Give the next number to an item that comes from the source."""
        envelope = Envelope(next(self._numbers), value)
        self._note("finished", envelope, SOURCE)
        return envelope

    def channel(self, stage: str, capacity: float) -> Channel[Any]:
        """Return a channel for the front of `stage` that notes when an item is queued."""
        return _RecordedChannel(self, stage, capacity)

    def queued(self, envelope: Envelope, stage: str) -> None:
        """Note that the channel in front of `stage` has accepted an item."""
        self._note("queued", envelope, stage)

    def call(self, stage: Stage, worker: int, function: Callable[[Any], Any]) -> "RecordedCall":
        """Wrap the function of a stage, as one of its workers calls it."""

        async def recorded_call(envelope: Envelope) -> Envelope:
            self._note("started", envelope, stage.name, worker)
            try:
                result = function(envelope.value)
                if isawaitable(result):
                    result = await result
            except Exception as error:
                self._note("failed", envelope, stage.name, worker, repr(error))
                raise
            self._note("finished", envelope, stage.name, worker)
            return Envelope(envelope.number, result)

        return recorded_call

    def results(self, channel: Channel[Envelope]) -> AsyncIterator[Any]:
        """Iterate over the results in `channel`, noting when the sink takes each."""
        return _RecordedResults(self, channel)

    def taken(self, envelope: Envelope) -> None:
        """Note that the sink has taken a result."""
        self._note("started", envelope, SINK)

    def _note(
        self, kind: Kind, envelope: Envelope, stage: str, worker: int = 0, note: str = ""
    ) -> None:
        time = self._clock() - self._start
        self.trace.events.append(Event(time, kind, envelope.number, stage, worker, note))


RecordedCall = Callable[[Envelope], Awaitable[Envelope]]


class _RecordedChannel(Channel[Envelope]):
    def __init__(self, recorder: Recorder, stage: str, capacity: float) -> None:
        super().__init__(capacity, name=stage)
        self._recorder = recorder

    def _put(self, item: Envelope) -> None:
        self._recorder.queued(item, self.name)
        super()._put(item)


class _RecordedResults(AsyncIterator[Any]):
    def __init__(self, recorder: Recorder, channel: Channel[Envelope]) -> None:
        self._recorder = recorder
        self._channel = channel

    async def __anext__(self) -> Any:
        envelope = await anext(self._channel)
        self._recorder.taken(envelope)
        return envelope.value
