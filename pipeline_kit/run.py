"""One run of a pipeline: its channels, its tasks, and how they end.

Whichever way the block of a run is left, at the end, early, by an error in a stage, the source or
the block itself, or by a cancellation from outside: when it has been left, every task has ended and
every channel is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from functools import partial
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline_kit.channel import Channel
from pipeline_kit.deadline import Deadline
from pipeline_kit.errors import ErrorLog
from pipeline_kit.events import SINK, SOURCE
from pipeline_kit.executor import in_executor
from pipeline_kit.layer import wrap
from pipeline_kit.recording import Recorder
from pipeline_kit.routing import Lanes
from pipeline_kit.source import Source, close_source, feed
from pipeline_kit.stage import Stage
from pipeline_kit.stage_metrics import StageMetrics
from pipeline_kit.tasks import Tasks
from pipeline_kit.trace import Trace
from pipeline_kit.workers import Call, Crew

if TYPE_CHECKING:
    from pipeline_kit.pipeline import Pipeline


class Run:
    """One run of a pipeline: an async context manager; `async for` in its block gives the results.

    Raises:
        RuntimeError: it is entered a second time, or iterated over before it has begun.
        StageError: on leaving the block, a stage or the source failed; see `Stage(on_error=…)`.
        TimeoutError: on leaving the block, the deadline of the pipeline has passed.
        TypeError: on entering, what is to make the channel of a stage makes something else.
        ValueError: on entering, it makes one that was used before.
    """

    def __init__(self, pipeline: "Pipeline", source: Source, *, record: bool = False) -> None:
        self.pipeline = pipeline
        """What is run."""
        self._source = source
        self._record = record
        self._recorder: Recorder | None = None
        self._deadline = Deadline(pipeline.deadline)
        self._tasks = Tasks(self._deadline)
        self._channels: list[Channel[Any]] = []
        self._crews: list[Crew] = []
        self._go = asyncio.Event()
        self._go.set()
        self.errors = ErrorLog()
        """The errors of the items that were skipped; see `Stage(on_error=…)`."""

    async def __aenter__(self) -> Self:
        if self._channels:
            raise RuntimeError("a run runs once; call pipeline.run(source) for another one")
        stages = self.pipeline.stages
        sink: Channel[Any] = Channel(self.pipeline.buffer, name=SINK)
        self._channels = [*_new_channels(stages), sink]  # may fail, so before anything begins
        await self._deadline.__aenter__()
        await self._tasks.open()
        if self._record:
            self._recorder = Recorder(stages, self._channels)
        enter = self._recorder.enter if self._recorder else None
        source = partial(feed, self._source, self._channels[0], self._go, enter)
        self._tasks.start(SOURCE, source)
        for number, stage in enumerate(stages):
            self._start_crew(stage, *self._channels[number : number + 2])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._stop(error)
        except BaseException as failure:
            await self._deadline.__aexit__(type(failure), failure, failure.__traceback__)
            raise
        await self._deadline.__aexit__(kind, error, traceback)

    async def _stop(self, error: BaseException | None) -> None:
        """End all tasks and close all channels; raise what a stage or the source failed with."""
        try:
            await self._tasks.end(error)
        finally:
            for channel in self._channels:
                channel.close()
            await close_source(self._source)  # of a run that is left before its tasks have begun

    def __aiter__(self) -> AsyncIterator[Any]:
        self._check_begun()
        results = self._channels[-1]
        return self._recorder.results(results) if self._recorder else results

    def pause(self) -> None:
        """Let no more items in; those that are inside go on to the end."""
        self._go.clear()

    def resume(self) -> None:
        """Let items in again."""
        self._go.set()

    @property
    def metrics(self) -> tuple[StageMetrics, ...]:
        """How far each stage has come, from left to right.

        Raises:
            RuntimeError: the run has not begun.
        """
        self._check_begun()
        queues = [channel.statistics() for channel in self._channels]
        return tuple(
            StageMetrics(
                crew.stage.name, crew.stage.workers, queue, behind, crew.filtered, crew.skipped
            )
            for crew, (queue, behind) in zip(self._crews, pairwise(queues), strict=True)
        )

    @property
    def trace(self) -> Trace:
        """What has happened so far, if the run is recorded.

        Raises:
            RuntimeError: it is not.
        """
        if self._recorder is None:
            raise RuntimeError("this run is not recorded: use pipeline.run(source, record=True)")
        return self._recorder.trace

    def _check_begun(self) -> None:
        if not self._channels:
            raise RuntimeError("this run has not begun: use `async with pipeline.run(…) as run:`")

    def _start_crew(self, stage: Stage, inbox: Channel[Any], outbox: Channel[Any]) -> None:
        crew = Crew(stage, inbox, outbox, self.errors, in_bulk=self._recorder is None)
        self._crews.append(crew)
        for worker in range(stage.workers):
            call: Call = stage.function
            if stage.executor:
                call = in_executor(stage.executor, call)
            if stage.layers:
                call = wrap(call, stage.layers)
            if self._recorder:
                call = self._recorder.call(stage, worker, call)
            name = f"{stage.name} {worker}" if stage.workers > 1 else stage.name
            self._tasks.start(name, partial(crew.work, call, worker))


def _new_channels(stages: Iterable[Stage]) -> list[Channel[Any]]:
    channels: list[Channel[Any]] = []
    for stage in stages:
        channel = _channel_for(stage)
        if channel.closed or any(channel is other for other in channels):
            raise ValueError(
                f"channel of stage {stage.name!r} must make a new channel each time, made one that "
                "was used before; construct it inside: channel=lambda: OverflowChannel(…)"
            )
        channels.append(channel)
    return channels


def _channel_for(stage: Stage) -> Channel[Any]:
    if stage.route:
        return Lanes(stage.route, stage.workers, stage.buffer, name=stage.name)
    channel = stage.channel() if stage.channel else Channel(stage.buffer)
    if not isinstance(channel, Channel):
        raise TypeError(f"channel of stage {stage.name!r} must make a Channel, made {channel!r}")
    channel.name = stage.name
    return channel
