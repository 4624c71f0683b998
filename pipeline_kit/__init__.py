"""A small kit for concurrent pipelines, to learn from and to use.

    from pipeline_kit import Pipeline, Stage

    pipeline = Pipeline(Stage(fetch, workers=4), Stage(parse, buffer=10), Stage(store))

    async with pipeline.run(urls) as run:
        async for result in run:
            print(result)

A tour, from the bottom up:

- `Channel`: a bounded queue between two stages. If it is full the sender waits, if it is empty the
  receiver.
- `Stage`: a function, its workers, and the buffer in front of it.
- `Pipeline`: stages in a row. `run(source)` streams results, `collect(source)` returns them all.
- `virtual_time.run(main)`: the same program on a clock that jumps; an hour takes milliseconds,
  every run is the same, and a deadlock is reported instead of hung upon.
- `pipeline_kit.schedules.search_schedules(make)`: the same program under 500 shuffled schedules,
  and the shortest one that breaks it.
- `Trace`: who worked on which item when, and how full each channel was: `run(source, record=True)`.
"""

from pipeline_kit import virtual_time
from pipeline_kit.channel import Channel, ChannelClosed, EndOfChannel, WouldBlock
from pipeline_kit.channel_statistics import ChannelStatistics
from pipeline_kit.errors import ErrorLog, StageError
from pipeline_kit.layer import Layer
from pipeline_kit.pipeline import Pipeline, Run
from pipeline_kit.stage import FILTERED, Stage
from pipeline_kit.stage_metrics import StageMetrics
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, SOURCE, Counts, Event, Span, StageShape, Trace
from pipeline_kit.virtual_time import DeadlockError, StalledError

__all__ = [
    "FILTERED",
    "SINK",
    "SOURCE",
    "Channel",
    "ChannelClosed",
    "ChannelStatistics",
    "Counts",
    "DeadlockError",
    "EndOfChannel",
    "ErrorLog",
    "Event",
    "Layer",
    "Pipeline",
    "Run",
    "Span",
    "Stage",
    "StageError",
    "StageMetrics",
    "StageShape",
    "StalledError",
    "Steps",
    "Trace",
    "WouldBlock",
    "virtual_time",
]
