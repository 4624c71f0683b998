"""Pipelines: stages wired by channels, running inside one task group.

    pipeline = Pipeline(Stage(fetch, workers=4), Stage(parse, buffer=10), Stage(store))

    async with pipeline.run(urls) as run:
        async for result in run:
            ...

            ┌ task ┐          ┌ 4 tasks ┐         ┌ task ┐          ┌ task ┐
    urls ──▶  feed  ─ channel ─▶ fetch ─ channel ─▶ parse ─ channel ─▶ store ─ channel ─▶ you

A pipeline is only the plan; what happens when it is carried out is in `run`.
"""

from collections.abc import AsyncIterable, Iterable
from typing import Any

from pipeline_kit.channel import check_capacity
from pipeline_kit.events import SINK, SOURCE
from pipeline_kit.run import Run
from pipeline_kit.source import Source
from pipeline_kit.stage import Stage

__all__ = ["Pipeline", "Run"]


class Pipeline:
    """A row of stages; can be run any number of times, also at the same time.

    Args:
        stages: the stages, from left to right.
        buffer: capacity of the channel in which results wait to be taken, in items.
        deadline: seconds that a whole run may take, including the block that takes its results;
            then it is stopped and, when all have cleaned up, a `TimeoutError` raised. None for as
            long as it takes.

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

    def run(self, source: Source, *, record: bool = False) -> Run:
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
            StageError: a stage or the source failed; see `Stage(on_error=…)`.
            TimeoutError: the run was stopped at its deadline.
        """
        async with self.run(source) as run:
            return [result async for result in run]
