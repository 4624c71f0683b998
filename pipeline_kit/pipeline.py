"""Pipelines: stages wired by channels, running inside one task group.

    pipeline = Pipeline(Stage(fetch, workers=4), Stage(parse, buffer=10), Stage(store))

    async with pipeline.run(urls) as run:
        async for result in run:
            ...

            ┌ task ┐          ┌ 4 tasks ┐         ┌ task ┐          ┌ task ┐
    urls ──▶  feed  ─ channel ─▶ fetch ─ channel ─▶ parse ─ channel ─▶ store ─ channel ─▶ you

Whichever way the block is left, at the end, early, by an error in a stage, the source or the block
itself, or by a cancellation from outside: when it has been left, every task has ended and every
channel is closed.
"""

import asyncio
import sys
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

from pipeline_kit.channel import Channel, check_capacity
from pipeline_kit.errors import ErrorLog
from pipeline_kit.executor import in_executor
from pipeline_kit.layer import wrap
from pipeline_kit.recording import Recorder
from pipeline_kit.routing import Lanes
from pipeline_kit.stage import Stage
from pipeline_kit.stage_metrics import StageMetrics
from pipeline_kit.trace import SINK, SOURCE, Trace
from pipeline_kit.virtual_loop import VirtualTimeLoop
from pipeline_kit.workers import Call, Crew, Source, close_source, feed


class Pipeline:
    """A row of stages; can be run any number of times, also at the same time.

    Args:
        stages: the stages, from left to right.
        buffer: capacity of the channel in which results wait to be taken, in items.
        deadline: seconds that a whole run may take, including the block that takes its results;
            then it is stopped and a `TimeoutError` raised. None for as long as it takes.

    Raises:
        TypeError: something among the stages is not a `Stage`.
        ValueError: there are no stages, or two have the same name, or `buffer` is below 0, or
            `deadline` is not above 0.
    """

    def __init__(self, *stages: Stage, buffer: float = 0, deadline: float | None = None) -> None:
        if not stages:
            raise ValueError("a pipeline needs at least one stage: Pipeline(Stage(function))")
        names = {SOURCE, SINK}
        for stage in stages:
            if not isinstance(stage, Stage):
                raise TypeError(f"stages must be of type Stage, got {stage!r}: wrap it, Stage(…)")
            if stage.name in names:
                raise ValueError(f"there are two stages {stage.name!r}; give one another name=…")
            names.add(stage.name)
        check_capacity("buffer", buffer)
        if deadline is not None and not deadline > 0:
            raise ValueError(f"deadline must be above 0 seconds, got {deadline!r}; None for none")
        self.stages = stages
        self.buffer = buffer
        self.deadline = deadline

    def run(self, source: Source, *, record: bool = False) -> "Run":
        """Return a run over `source`, to be used as `async with pipeline.run(source) as run:`.

        Args:
            source: any iterable, async iterable or channel of items. If it is a generator, it is
                closed when the run ends, also early.
            record: whether to keep a `Trace` of every item, which costs time and memory for each.

        Raises:
            TypeError: `source` is not iterable.
        """
        if not isinstance(source, Iterable | AsyncIterable):
            remedy = "call it: run(source())" if callable(source) else "pass a list or a generator"
            raise TypeError(f"source must be iterable, sync or async, got {source!r}; {remedy}")
        return Run(self, source, record=record)

    async def collect(self, source: Source) -> list[Any]:
        """Run over `source` and return all results.

        Raises:
            StageError: a stage or the source failed.
        """
        async with self.run(source) as run:
            return [result async for result in run]


class Run:
    """One run of a pipeline: a context manager, and an async iterator over the results."""

    def __init__(self, pipeline: Pipeline, source: Source, *, record: bool = False) -> None:
        self.pipeline = pipeline
        """What is run."""
        self._source = source
        self._record = record
        self._recorder: Recorder | None = None
        self._deadline = asyncio.timeout(None)
        self._deadline_timer: asyncio.TimerHandle | None = None
        self._group: asyncio.TaskGroup | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._channels: list[Channel[Any]] = []
        self._crews: list[Crew] = []
        self._go = asyncio.Event()
        self._go.set()
        self.errors = ErrorLog()
        """The errors of the items that were skipped; see `Stage(on_error=…)`."""

    async def __aenter__(self) -> Self:
        if self._group is not None:
            raise RuntimeError("a run runs once; call pipeline.run(source) for another one")
        stages = self.pipeline.stages
        sink: Channel[Any] = Channel(self.pipeline.buffer, name=SINK)
        self._channels = [*_new_channels(stages), sink]  # may fail, so before anything begins
        await self._enter_deadline()
        self._group = await asyncio.TaskGroup().__aenter__()
        if self._record:
            self._recorder = Recorder(stages, self._channels)
        enter = self._recorder.enter if self._recorder else None
        self._start(SOURCE, feed(self._source, self._channels[0], self._go, enter))
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
            await self._leave_deadline(failure)
            raise
        await self._leave_deadline(error)

    async def _stop(self, error: BaseException | None) -> None:
        """End all tasks and close all channels; raise what a stage or the source failed with."""
        assert self._group is not None
        for task in self._tasks:  # in order, so that even a failure looks the same every time
            task.cancel()
        hurried = _has_hurried_its_owner(self._group)
        cancelled = error if isinstance(error, asyncio.CancelledError) else None
        try:
            # An error of the block itself is none of the group's business: it passes through.
            await self._group.__aexit__(type(cancelled) if cancelled else None, cancelled, None)
        except BaseExceptionGroup as failures:
            if sys.version_info < (3, 13):
                self._tell_cancellations_apart(hurried)
            failure = _first(failures)
            if error is None or cancelled:
                raise failure from failure.__cause__
            error.add_note(f"Meanwhile: {failure}")
        finally:
            for channel in self._channels:
                channel.close()
            await close_source(self._source)  # of a run that is left before its tasks have begun

    def _tell_cancellations_apart(self, hurried: bool) -> None:
        """Do what a task group that fails does by itself since Python 3.13.

        If a task has failed while the group was being left, take back the cancellation with which
        the group hurried its owner. And let a cancellation from outside, in whose place a failure
        is raised now, strike at the next await.
        """
        me = asyncio.current_task()
        assert me is not None
        assert self._group is not None
        if not hurried and _has_hurried_its_owner(self._group):
            me.uncancel()
        if me.cancelling() > self._deadline.expired():  # whose cancellation it takes back itself
            me.uncancel()
            me.cancel()

    async def _enter_deadline(self) -> None:
        await self._deadline.__aenter__()
        if self.pipeline.deadline is not None:
            loop = asyncio.get_running_loop()
            end = loop.time() + self.pipeline.deadline
            self._deadline_timer = loop.call_at(end, self._deadline.reschedule, end)
            if isinstance(loop, VirtualTimeLoop):  # where a deadlock is better than a timeout
                loop.add_watchdog(self._deadline_timer)

    async def _leave_deadline(self, error: BaseException | None) -> None:
        if self._deadline_timer:
            self._deadline_timer.cancel()
        try:
            await self._deadline.__aexit__(type(error) if error else None, error, None)
        except TimeoutError:
            seconds = self.pipeline.deadline
            raise TimeoutError(f"the run was stopped at its deadline of {seconds} s") from None

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

    def _start(self, name: str, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None
        self._tasks.append(self._group.create_task(coroutine, name=name))

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
            self._start(name, crew.work(call, worker))


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


def _has_hurried_its_owner(group: asyncio.TaskGroup) -> bool:
    # It is private to asyncio, but the same in all versions, and cannot be told from outside.
    return group._parent_cancel_requested  # type: ignore[attr-defined,no-any-return] # as said above


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    failure = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
