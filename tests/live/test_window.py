import pytest

from pipeline_kit.events import Event
from pipeline_kit.live.window import nice_window, window_for
from pipeline_kit.trace import SINK, StageShape, Trace


def run(*times):
    """A run whose results come out at `times`, in seconds."""
    events = [Event(time, "started", item, SINK, 0) for item, time in enumerate(times)]
    return Trace([StageShape(SINK)], events)


def levels(trace, window):
    """The throughput at the end of each window, once there has been a whole one."""
    steps = trace.throughput(SINK, window)
    return {round(steps.at(time), 9) for time in steps.times if time >= window}


def test_a_window_is_a_round_number():
    assert [nice_window(end) for end in (0.5, 2.1, 8.0, 100)] == [0.1, 0.5, 2.0, 20.0]
    assert nice_window(0) == 1.0


def test_a_steady_run_has_a_level_line():
    trace = run(*(3.0 * number for number in range(1, 13)))
    assert window_for(trace, 36.0) == 9.0
    assert levels(trace, 9.0) == {round(1 / 3, 9)}
    assert levels(trace, nice_window(36.0)) == {0.3, 0.4}


def test_results_that_come_several_at_a_time_make_a_level_line_too():
    trace = run(*(3.0 * number for number in range(1, 13) for _ in range(2)))
    assert levels(trace, window_for(trace, 36.0)) == {round(2 / 3, 9)}


@pytest.mark.parametrize("nanoseconds", [100_000_000, 700_000_000, 333_333_333])
def test_what_leaves_as_something_enters_makes_no_jump(nanoseconds):
    trace = run(*(number * nanoseconds / 1e9 for number in range(1, 40)))
    assert len(levels(trace, window_for(trace, trace.makespan))) == 1


def test_results_that_come_irregularly_are_counted_over_a_round_number():
    assert window_for(run(1.0, 1.7, 4.0, 4.9, 8.0), 8.0) == 2.0


def test_a_gap_that_is_wider_than_the_window_is_left_alone():
    assert window_for(run(1.0, 9.0), 9.0) == 2.0


@pytest.mark.parametrize("trace", [Trace([]), run(), run(0.0), run(1.0)])
def test_a_run_with_hardly_a_result_has_a_window(trace):
    assert window_for(trace, trace.makespan) > 0
