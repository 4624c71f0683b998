import asyncio

import pytest
from makes import failing, two_stages

from pipeline_kit import Pipeline, Stage, StageError
from pipeline_kit.live import watch
from pipeline_kit.patterns.backpressure import OverflowChannel

DELAY = (0.1, 1.0, 0.1, 0.4)


def press(view, button):
    """Do what the browser does when a button is pressed."""
    view._dashboard._handle_custom_msg({"press": button}, [])


def now():
    return asyncio.get_running_loop().time()


async def test_a_run_starts_by_itself_and_gives_its_results():
    view = watch(two_stages, delay=DELAY)
    assert view.state == "running"
    assert await view.finished() == [0, 1, 2, 3, 4]
    assert view.state == "done"
    assert now() == pytest.approx(2.1)


async def test_a_slider_acts_on_the_running_pipeline():
    view = watch(two_stages, delay=DELAY)
    await asyncio.sleep(0.6)  # the first item took 0.4 s, the second is being worked on
    view._dashboard.values = {"delay": 0.1}
    await view.finished()
    assert now() == pytest.approx(0.1 + 2 * 0.4 + 3 * 0.1)


async def test_while_it_is_paused_the_pipeline_drains_and_nothing_enters():
    def make(knobs):
        pipeline, _ = two_stages(knobs)
        return pipeline, range(50)

    view = watch(make, delay=DELAY)
    await asyncio.sleep(1)
    press(view, "pause")
    await asyncio.sleep(20)
    entered = view.monitor.samples[-1].entered
    assert view.state == "paused"
    assert len(view.results) == entered < 50
    press(view, "resume")
    assert await view.finished() == list(range(50))


async def test_waiting_for_the_end_lets_a_paused_run_go_on():
    view = watch(two_stages)
    await asyncio.sleep(0.2)
    view.pause()
    assert await view.finished() == [0, 1, 2, 3, 4]


async def test_an_interrupted_wait_stops_the_run():
    view = watch(two_stages)
    waiting = asyncio.create_task(view.finished())
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.wait([waiting])
    await asyncio.sleep(1)
    assert view.state == "stopped"
    assert len(view.results) == 2


async def test_a_pause_at_once_holds_from_the_beginning():
    view = watch(two_stages)
    view.pause()
    await asyncio.sleep(10)
    assert view.results == []


async def test_stop_ends_the_run_and_keeps_what_came_out():
    view = watch(two_stages)
    await asyncio.sleep(1)
    press(view, "stop")
    assert await view.finished() == [0, 1]
    assert view.state == "stopped"
    assert now() == pytest.approx(1)


async def test_a_run_is_stopped_at_its_limit_but_pauses_do_not_count():
    view = watch(lambda knobs: (Pipeline(Stage(str)), nothing()), limit=10)
    await asyncio.sleep(5)
    view.pause()
    await asyncio.sleep(100)
    await view.finished()
    assert view.state == "stopped"
    assert now() == pytest.approx(110, abs=0.2)
    assert "the limit" in view._dashboard.status["message"]


async def nothing():
    await asyncio.Event().wait()
    yield


async def test_an_error_is_shown_and_raised_where_the_results_are_wanted():
    view = watch(failing)
    with pytest.raises(StageError, match="stage 'divide' failed on item 2"):
        await view.finished()
    assert view.state == "failed"
    assert "ZeroDivisionError" in view._dashboard.status["message"]
    assert view.monitor.samples[-1].lost == [1, 0]


async def test_an_error_in_make_is_shown_too():
    view = watch(lambda knobs: knobs.misspelt)
    with pytest.raises(AttributeError, match="no knob 'misspelt'"):
        await view.finished()
    assert "no knob 'misspelt'" in view._dashboard.status["message"]


async def test_start_replaces_a_run_that_is_still_going():
    view = watch(two_stages)
    await asyncio.sleep(1)
    press(view, "start")
    assert await view.finished() == [0, 1, 2, 3, 4]
    assert now() == pytest.approx(1 + 2.1)


async def test_running_a_cell_again_stops_the_run_it_replaces():
    first = watch(two_stages)
    await asyncio.sleep(1)
    second = watch(two_stages)
    await second.finished()
    assert (first.state, second.state) == ("stopped", "done")
    assert len(first.results) == 2


async def test_many_starts_and_stops_leave_nothing_behind():
    before = asyncio.all_tasks()
    view = watch(two_stages)
    for number in range(100):
        press(view, "start")
        await asyncio.sleep(number % 7 / 20)
        if number % 3 == 0:
            press(view, "stop")
    press(view, "stop")
    await view.finished()
    assert asyncio.all_tasks() == before


async def test_there_are_30_messages_a_second_whatever_passes(monkeypatch):
    def make(knobs):
        async def work(item):
            await asyncio.sleep(0.001)
            return item

        return Pipeline(Stage(work)), range(4000)

    view, sent = watch(make), []
    monkeypatch.setattr(view._dashboard, "send", sent.append)
    await view.finished()
    assert 120 <= len(sent) <= 122  # four seconds, and the last look


async def test_a_rhythm_like_that_of_the_samples_does_not_deceive():
    def make(knobs):
        async def quick(item):
            await asyncio.sleep(0.02)
            return item

        async def slow(item):
            await asyncio.sleep(1 / 30)  # at 30 samples a second, the time from one to the next
            return item

        return Pipeline(Stage(quick), Stage(slow)), range(100)

    view = watch(make)
    await view.finished()
    states = {(sample.working[0], sample.blocked[0]) for sample in view.monitor.samples[25:50]}
    assert states == {(1, 0), (0, 1)}


async def test_the_samples_make_a_still_picture_with_a_sentence():
    view = watch(two_stages)
    await view.finished()
    figure, text, (table,) = view._still()
    assert text.startswith("5 of 5 items out in 2.1 s")
    assert "bottleneck: slow" in text
    assert figure.axes
    assert table.rows[-1][1] == table.rows[-1][-2] == 5  # as many out as in


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_of_nothing_is_refused(limit):
    with pytest.raises(ValueError, match=f"limit must be above 0 seconds, got {limit}"):
        watch(two_stages, limit=limit)


def test_without_a_loop_it_says_where_it_works():
    with pytest.raises(RuntimeError, match="watch needs a running event loop"):
        watch(two_stages)


async def test_the_picture_knows_the_bound_of_a_channel_that_the_stage_makes():
    def make(knobs):
        pipeline, source = two_stages(knobs)
        slow = Stage(pipeline.stages[1].function, channel=lambda: OverflowChannel(7))
        return Pipeline(slow), source

    view = watch(make)
    await view.finished()
    assert [shape["capacity"] for shape in view._dashboard.stages] == [7, 0]
