import asyncio

import pytest
from makes import two_stages

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import watch


async def test_a_goal_ticks_itself_while_the_run_goes_on():
    view = watch(two_stages, goals={"three are out": lambda run: run.out >= 3})
    await asyncio.sleep(1)
    assert view.goals() == {"three are out": False}
    await asyncio.sleep(0.5)
    assert view.goals() == {"three are out": True}
    assert view._dashboard.goals == [{"text": "three are out", "reached": True, "error": ""}]
    view.stop()


async def test_a_goal_stays_ticked_when_it_no_longer_holds_and_in_the_next_run():
    view = watch(two_stages, goals={"early": lambda run: run.elapsed < 1})
    await view.finished()
    view.start()
    assert view.goals() == {"early": True}
    await view.finished()


async def test_a_goal_sees_the_run_by_the_names_of_its_stages():
    moments = []
    view = watch(two_stages, goals={"never": moments.append}, delay=(0.1, 1.0, 0.1, 0.4))
    await asyncio.sleep(0.65)  # slow has passed on one and works on another, two are queued
    now = moments[-1]
    assert (now.entered, now.out, now.count) == (5, 1, {"quick": 4, "slow": 1})
    assert now.depth == {"quick": 0, "slow": 2} == now.peak_depth
    assert (now.working, now.blocked) == ({"quick": 0, "slow": 1}, {"quick": 1, "slow": 0})
    assert (now.lost, now.knobs.delay) == ({"quick": 0, "slow": 0}, 0.4)
    assert 0.6 < now.elapsed <= 0.65
    assert now.bottleneck == "slow"
    assert now.throughput == pytest.approx(1 / now.elapsed, abs=0.1)
    await view.finished()
    assert moments[-1].bottleneck is None  # everybody has left


async def test_a_peak_between_two_looks_is_not_missed():
    def make(knobs):
        async def rest(item):
            await asyncio.sleep(1)
            return item

        return Pipeline(Stage(str, name="burst", buffer=5), Stage(rest, buffer=50)), range(30)

    goals = {
        "has been fuller": lambda run: run.peak_depth["burst"] > 1,
        "is fuller": lambda run: run.depth["burst"] > 1,
    }
    view = watch(make, goals=goals)
    await view.finished()
    assert view.goals() == {"has been fuller": True, "is fuller": False}


async def test_an_error_in_a_goal_is_shown_and_the_run_goes_on():
    view = watch(two_stages, goals={"typo": lambda run: run.peak_depth["slwo"] > 1})
    assert await view.finished() == [0, 1, 2, 3, 4]
    [goal] = view._dashboard.goals
    assert goal == {"text": "typo", "reached": False, "error": "KeyError: 'slwo'"}


async def test_goals_are_sent_only_when_one_of_them_changes():
    view, sent = watch(two_stages, goals={"out": lambda run: run.out > 0}), []
    view._dashboard.observe(sent.append, "goals")
    await view.finished()
    assert len(sent) == 1


async def test_a_goal_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match="goal 'fast' must be a function of the run, got 20"):
        watch(two_stages, goals={"fast": 20})
