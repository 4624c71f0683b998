import asyncio

import pytest
from makes import deadlocked, endless, failing, never_out, two_stages

from pipeline_kit import DeadlockError, Pipeline, Stage, StageError
from pipeline_kit.live import simulate as module
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.picture import picture_of
from pipeline_kit.live.simulate import MOST_EVENTS, simulate

NO_KNOBS = make_knobs({})


def test_a_run_is_recorded_in_virtual_time():
    simulation = simulate(two_stages, make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)}))
    assert simulation.error is None
    assert simulation.trace.makespan == 0.1 + 5 * 0.4


def test_the_trace_is_kept_up_to_an_error():
    simulation = simulate(failing, NO_KNOBS)
    assert isinstance(simulation.error, StageError)
    assert [event.item for event in simulation.trace.of("divide", "failed")] == [2]


def test_a_deadlock_is_seen_as_one_even_with_a_limit_to_the_run():
    assert isinstance(simulate(deadlocked, NO_KNOBS, until=10).error, DeadlockError)


def test_an_error_in_make_itself_is_kept():
    simulation = simulate(lambda knobs: 1 / 0, NO_KNOBS)
    assert isinstance(simulation.error, ZeroDivisionError)
    assert simulation.trace.events == []


@pytest.mark.parametrize("made", [None, Pipeline(Stage(str)), (range(3), Pipeline(Stage(str)))])
def test_a_make_that_returns_something_else_is_told_what_to_return(made):
    error = simulate(lambda knobs: made, NO_KNOBS).error
    assert isinstance(error, TypeError)
    assert "must return a pipeline and a source" in str(error)


def test_an_endless_run_is_cut_off_at_until():
    simulation = simulate(endless, NO_KNOBS, until=7)
    assert simulation.cut_off
    assert simulation.trace.makespan == 7


def test_an_endless_run_is_cut_off_when_the_picture_is_full():
    simulation = simulate(endless, NO_KNOBS)
    assert simulation.cut_off
    assert MOST_EVENTS <= len(simulation.trace.events) < MOST_EVENTS + 10


def test_a_run_that_never_lets_anything_out_is_cut_off_too(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    simulation = simulate(never_out, NO_KNOBS)
    assert simulation.cut_off
    assert simulation.error is None


def test_a_run_that_fails_long_after_its_last_event_says_when():
    def late(knobs):
        return Pipeline(Stage(lambda item: asyncio.sleep(100)), deadline=10), range(3)

    simulation = simulate(late, NO_KNOBS)
    assert isinstance(simulation.error, TimeoutError)
    assert (simulation.trace.makespan, simulation.ended) == (0, 10)
    assert picture_of(simulation, "")["title"] == "The run fails at 10 s"
