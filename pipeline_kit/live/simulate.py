"""Run a pipeline in virtual time and keep its trace, also when the run goes wrong."""

import asyncio
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline_kit import virtual_time
from pipeline_kit.live.knobs import Knobs
from pipeline_kit.live.up_to import up_to
from pipeline_kit.pipeline import Pipeline
from pipeline_kit.source import Source
from pipeline_kit.trace import Trace

Make = Callable[[Knobs], tuple[Pipeline, Source]]
"""Builds a pipeline, and what to feed it with, for the values the knobs stand at."""

MOST_EVENTS = 20_000
"""A run is cut off here: more cannot be told apart in a picture, and a source may be endless."""

PATIENCE = 5.0
"""Seconds of real time after which a run is cut off, because someone waits for the picture."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came of a run in virtual time."""

    trace: Trace
    """What happened, up to the error if there was one."""
    error: BaseException | None = None
    """What ended the run early, or kept it from beginning."""
    cut_off: bool = False
    """Whether the run would have gone on, but was ended because the picture is full."""
    ended: float = 0.0
    """When the run ended, in virtual seconds; may be later than the last event, the makespan."""

    @property
    def whole(self) -> Trace:
        """The trace up to the moment at which the run ended."""
        return up_to(self.trace, self.ended) if self.error else self.trace


@dataclass(slots=True)
class _Progress:
    """How far a run has got, for whoever is left with an error."""

    trace: Trace = field(default_factory=lambda: Trace([]))
    time: float = 0.0


def simulate(make: Make, knobs: Knobs, *, until: float = math.inf) -> Simulation:
    """Build a pipeline with `make`, run it in virtual time, and return what came of it.

    No error gets out, except an interruption: it is part of what there is to look at.

    Args:
        make: see `Make`.
        knobs: what `make` is called with.
        until: virtual seconds after which the run is cut off.
    """
    seen = _Progress()
    try:
        pipeline, source = built(make, knobs)
        cut_off = virtual_time.run(lambda: _drain(pipeline, source, until, seen))
    except (Exception, virtual_time.StalledError) as error:
        return Simulation(seen.trace, error, ended=seen.time)
    return Simulation(seen.trace, cut_off=cut_off, ended=seen.time)


def built(make: Make, knobs: Knobs) -> tuple[Pipeline, Source]:
    """Call `make` and check what it returns.

    Raises:
        TypeError: it is not a pipeline and a source.
    """
    match made := make(knobs):
        case (Pipeline() as pipeline, source):
            return pipeline, source
    raise TypeError(
        "make must return a pipeline and a source, as in `return Pipeline(…), range(20)`; "
        f"got {made!r:.100}"
    )


async def _drain(pipeline: Pipeline, source: Source, until: float, seen: _Progress) -> bool:
    """Run to the end, or to a limit; tell if it was a limit."""
    # No asyncio.timeout here: with a timer set, a deadlock would look like a long wait.
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    watchdog = threading.Timer(PATIENCE, lambda: loop.call_soon_threadsafe(task.cancel))
    watchdog.start()
    try:
        async with pipeline.run(source, record=True) as run:
            seen.trace = run.trace
            async for _ in run:
                if loop.time() >= until or len(run.trace.events) >= MOST_EVENTS:
                    return True
    except asyncio.CancelledError:
        return True
    finally:
        watchdog.cancel()
        seen.time = loop.time()
    return False
