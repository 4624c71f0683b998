"""The grader expects of a rate limit what the kit's own does, and names what it finds."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_kit import virtual_time
from pipeline_kit.grading.claims.rate import never_enters_faster, never_enters_later
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.process.protocol import Ended
from pipeline_kit.grading.status import Unmet
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.trace import SINK, Event

ARRIVALS = st.lists(st.integers(0, 80).map(lambda n: n / 4), min_size=1, max_size=20).map(sorted)
RATES = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0])


def entered_at(times: list[float], arrivals: list[float]) -> GradedRun:
    """Return a run in which items entered stage 1 at these times, and came out at once."""
    world = World(items=[*range(len(times))], arrivals=arrivals, work={"stage1": 0.0})
    play = Play(world)
    for item, time in enumerate(times):
        play.trace.events.append(Event(time, "started", item, "stage1"))
        play.trace.events.append(Event(time, "started", item, SINK))
    return GradedRun(play, Ended("returned"))


async def admitted(arrivals: list[float], rate: float, burst: int) -> list[float]:
    """Return when the kit's own limit lets items in that come at these times."""
    limit, loop, times = RateLimit(rate, burst), asyncio.get_running_loop(), []
    for arrival in arrivals:
        await asyncio.sleep(max(0.0, arrival - loop.time()))
        await limit.acquire()
        times.append(loop.time())
    return times


@settings(max_examples=60, deadline=None)
@given(ARRIVALS, RATES, st.integers(1, 4))
def test_the_kits_own_limit_is_neither_too_fast_nor_too_slow(
    arrivals: list[float], rate: float, burst: int
) -> None:
    times = virtual_time.run(lambda: admitted(arrivals, rate, burst))
    run = entered_at(times, arrivals)
    never_enters_faster(run, "stage1", rate, burst)
    never_enters_later(run, "stage1", rate, burst)


def test_one_item_too_many_is_named() -> None:
    run = entered_at([0.0, 0.0, 0.5], [0.0] * 3)
    with pytest.raises(Unmet, match=r"from 0 to 0\.5 s 3 items .* at most 2 may"):
        never_enters_faster(run, "stage1", 1.0, 2)


def test_an_item_that_waits_too_long_is_named() -> None:
    run = entered_at([0.0, 0.0, 1.5], [0.0] * 3)
    with pytest.raises(Unmet, match=r"item 2 .* at 1\.5 s; .* it could have at 1 s"):
        never_enters_later(run, "stage1", 1.0, 2)
