"""The grader expects of workers what those of the kit do, and names what it finds."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_kit import SINK, SOURCE, Event, Pipeline, Stage, virtual_time
from pipeline_kit.grading.claims.workers import (
    at_most_at_work,
    no_worker_idles,
    results_come_out_when_done,
)
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.process.protocol import Ended
from pipeline_kit.grading.status import Unmet
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World

WORK = st.lists(st.integers(1, 9).map(float), min_size=1, max_size=15)


def run_of(work: list[float], events: list[Event]) -> GradedRun:
    play = Play(World(items=[*range(len(work))], work={"work": work}))
    play.trace.events.extend(events)
    return GradedRun(play, Ended("returned"))


async def events_of_the_kit(work: list[float], workers: int) -> list[Event]:
    stage = Stage(asyncio.sleep, name="work", workers=workers, ordered=False)
    async with Pipeline(stage).run(work, record=True) as run:
        async for _ in run:
            pass
    return [event for event in run.trace.events if event.kind != "queued"]


@settings(max_examples=40, deadline=None)
@given(WORK, st.integers(1, 4))
def test_the_kits_own_workers_do_what_is_claimed(work: list[float], workers: int) -> None:
    run = run_of(work, virtual_time.run(lambda: events_of_the_kit(work, workers)))
    at_most_at_work(run, "work", workers)
    no_worker_idles(run, "work", workers)
    results_come_out_when_done(run, "work")


def passed(item: int, start: float, end: float, out: float) -> list[Event]:
    return [
        Event(0.0, "finished", item, SOURCE),
        Event(start, "started", item, "work"),
        Event(end, "finished", item, "work"),
        Event(out, "started", item, SINK),
    ]


def test_a_worker_that_idles_is_named() -> None:
    run = run_of([1.0, 1.0], passed(0, 0, 1, 1) + passed(1, 1, 2, 2))
    with pytest.raises(Unmet, match="item 1 was started at 1 s; it could have been at 0 s"):
        no_worker_idles(run, "work", 2)


def test_a_worker_too_many_is_named() -> None:
    run = run_of([1.0, 1.0], passed(0, 0, 1, 1) + passed(1, 0, 1, 1))
    with pytest.raises(Unmet, match="at 0 s 2 items were worked on at once; `workers` is 1"):
        at_most_at_work(run, "work", 1)


def test_a_result_that_is_held_back_is_named() -> None:
    run = run_of([1.0], passed(0, 0, 1, 5))
    with pytest.raises(Unmet, match=r"item 0 was done at 1 s, but .* at 5 s"):
        results_come_out_when_done(run, "work")
