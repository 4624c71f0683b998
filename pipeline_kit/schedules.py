"""Search schedules: run a program in many orders that could happen, and find one that breaks it.

    found = search_schedules(make, claim=lambda run: run.result == expected, runs=500)
    print(found)           # 17 of 500 schedules fail; shortest: number 230, after 41 steps: …
    found.replay(230)      # the same run again, step for step, with its trace

A concurrent program has as many courses as there are orders in which its tasks can take turns. On
your desk you see one of them, again and again. Here each run gets a schedule of its own, drawn from
a seed, so that it can be had again:

- tasks that could go on at the same moment do so in a random order, since none is promised;
- each delay lasts up to `jitter` of it longer than asked for, as real ones do, and never shorter.

So whoever counts on "the consumer was started first", or on "this one is always quicker", is found
out. It is a random walk: 500 schedules that pass prove nothing about the next one. How to walk so
that bugs are found with a known probability: Burckhardt et al., "A randomized scheduler with
probabilistic guarantees of finding bugs", ASPLOS 2010.
"""

import asyncio
import gc
import warnings
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from pipeline_kit import virtual_time
from pipeline_kit.callbacks import check_plain
from pipeline_kit.errors import in_words
from pipeline_kit.pipeline import Pipeline
from pipeline_kit.shuffled_loop import ShuffledLoop
from pipeline_kit.source import Source
from pipeline_kit.trace import Trace
from pipeline_kit.virtual_time import StalledError
from pipeline_kit.whole_numbers import check_whole

Program = tuple[Pipeline, Source] | Coroutine[Any, Any, Any]
"""A pipeline and what to feed it with, or a coroutine."""


def search_schedules(
    make: Callable[[], Program],
    *,
    claim: "Claim | None" = None,
    runs: int = 500,
    seed: int = 0,
    jitter: float = 0.5,
    patience: float = 2.0,
) -> "Search":
    """Run a program under `runs` schedules in virtual time, and tell which of them fail.

    A run fails if it deadlocks, raises, or breaks the claim.

    Args:
        make: makes the program anew for each run: a coroutine function, or a function that returns
            a pipeline and its source. Nothing else in it may be random.
        claim: called with each `ScheduledRun` that came to its end; says with true or false, or
            with an `AssertionError`, whether it is as it should be.
        runs: how many schedules to try.
        seed: where the schedules are drawn from; the same seed gives the same ones.
        jitter: how much longer than asked for a delay may last, as a share of it; 0 keeps delays
            exact, so that only the order of tasks differs.
        patience: seconds of real time that the clock may stand still before a run is given up.

    Raises:
        TypeError: `make` makes neither a coroutine nor a pipeline and its source, or `claim` cannot
            be called, or is async.
        ValueError: `runs` is no whole number or below 1, or `jitter` below 0, or `patience` is not
            above 0.
    """
    if not callable(make):
        raise TypeError(f"make must be a function that makes the program anew, got {make!r:.100}")
    if claim is not None:
        check_plain("claim", claim, takes="one ScheduledRun", remedy="await in `make` instead")
    check_whole("runs", runs, of="schedules")
    if not jitter >= 0:
        raise ValueError(f"jitter must be 0 or more, as a share of each delay, got {jitter!r}")
    if not patience > 0:
        raise ValueError(f"patience must be above 0 seconds of real time, got {patience!r}")
    search = Search(make, claim, seed, jitter, patience)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # a deadlock leaves items lying about
        search.runs = [search.replay(number).in_short() for number in range(runs)]
        if search.failed:
            gc.collect()  # as long as nobody hears of it
    return search


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """What came of a run under one schedule."""

    number: int
    """Which schedule: 0, 1, 2, …"""
    result: Any = None
    """What the coroutine returned, or a list of the pipeline's results; None if an error came."""
    error: BaseException | None = None
    """The `DeadlockError`, or whatever else ended the run early."""
    failure: str = ""
    """What went wrong, in words; empty if nothing did."""
    steps: int = 0
    """How many steps all tasks took together; each goes from one `await` that waits to the next."""
    seconds: float = 0.0
    """When the run ended, in virtual seconds."""
    trace: Trace = field(default_factory=lambda: Trace([]), repr=False)
    """What happened to each item, if the program is a pipeline."""

    def in_short(self) -> "ScheduledRun":
        """Return the run without all that it holds on to: result, error and trace."""
        return replace(self, result=None, error=None, trace=Trace([]))


Claim = Callable[[ScheduledRun], object]


@dataclass
class Search:
    """The runs of a search, in short, and each one again on demand."""

    make: Callable[[], Program]
    claim: Claim | None
    seed: int
    jitter: float
    patience: float
    runs: Sequence[ScheduledRun] = field(default=(), repr=False)
    """One for each schedule, in order."""

    @property
    def failed(self) -> list[ScheduledRun]:
        """The runs that failed, in order."""
        return [run for run in self.runs if run.failure]

    @property
    def shortest(self) -> ScheduledRun | None:
        """The run that failed after the fewest steps: the easiest to understand."""
        return min(self.failed, key=lambda run: run.steps, default=None)

    def replay(self, number: int) -> ScheduledRun:
        """Run the program under schedule `number`, and return all that came of it."""
        traces: list[Trace] = []
        program = _coroutine(self.make(), traces)
        loop = ShuffledLoop(Random(f"{self.seed} {number}"), self.jitter)
        result, error = None, None
        try:
            result = virtual_time.run(lambda: program, patience=self.patience, loop=loop)
        except (Exception, asyncio.CancelledError, StalledError) as raised:
            error = raised
        trace = traces[0] if traces else Trace([])
        run = ScheduledRun(number, result, error, "", loop.steps, loop.time(), trace)
        return replace(run, failure=_failure(run, self.claim))

    def __str__(self) -> str:
        if self.shortest is None:
            return f"none of {len(self.runs)} schedules fails"
        return (
            f"{len(self.failed)} of {len(self.runs)} schedules fail; shortest: number "
            f"{self.shortest.number}, after {self.shortest.steps} steps: {self.shortest.failure}"
        )


def _coroutine(program: Program, traces: list[Trace]) -> Coroutine[Any, Any, Any]:
    """Return what is to be run; if it is a pipeline, its trace goes into `traces`."""
    match program:
        case (Pipeline() as pipeline, source):
            return _collect(pipeline, source, traces)
        case Coroutine():
            return program
    raise TypeError(
        "make must be a coroutine function, or return a pipeline and its source, as in "
        f"`return Pipeline(…), range(20)`; it returned {program!r:.100}"
    )


async def _collect(pipeline: Pipeline, source: Source, traces: list[Trace]) -> list[Any]:
    async with pipeline.run(source, record=True) as run:
        traces.append(run.trace)
        return [result async for result in run]


def _failure(run: ScheduledRun, claim: Claim | None) -> str:
    """Return what went wrong; empty if nothing did."""
    if run.error:
        return in_words(run.error)
    try:
        holds = claim is None or claim(run)
    except AssertionError as error:
        holds, said = False, str(error)
    else:
        said = ""
    return "" if holds else said or f"the claim does not hold for {run.result!r:.100}"
