import asyncio
import math
from functools import partial

import pytest
from makes import deadlocked, endless, failing, two_stages

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import Prediction, sweep
from pipeline_kit.live.curve import plot_curve
from pipeline_kit.live.knobs import Knobs
from pipeline_kit.live.measures import inside, latencies, latency, lost, throughput
from pipeline_kit.live.simulate import simulate
from pipeline_kit.patterns.backpressure import OverflowChannel


def buffered(knobs):
    """Items come in pairs, one pair every 2 s; each takes 1 s: 1 item/s at best."""

    async def in_pairs():
        for pair in range(5):
            yield pair
            yield pair
            await asyncio.sleep(2)

    async def work(item):
        await asyncio.sleep(1)
        return item

    return Pipeline(Stage(work, buffer=knobs.buffer)), in_pairs()


def fails_above_2(knobs):
    return deadlocked(knobs) if knobs.delay > 2 else two_stages(knobs)


def measures(figure):
    return [point.measure for point in figure.curve.points]


def click(figure, at):
    """Do what the browser does when a point is clicked."""
    figure._chart.opened = at


def test_each_point_is_the_measure_of_its_own_run():
    figure = sweep(two_stages, delay=[0.8, 0.4], measure="makespan")
    assert [point.value for point in figure.curve.points] == [0.4, 0.8]
    assert measures(figure) == pytest.approx([2.1, 4.1])


def test_a_measure_may_be_any_function_of_the_trace():
    def most_queued(trace):
        return trace.depth("work").maximum

    figure = sweep(buffered, buffer=range(3), measure=most_queued)
    assert measures(figure) == [0, 1, 1]
    assert (figure.curve.label, figure.curve.unit) == ("most queued", "")


def test_throughput_is_measured_unless_something_else_is_asked_for():
    figure = sweep(two_stages, delay=[0.4, 0.8])
    assert measures(figure) == pytest.approx([5 / 2.1, 5 / 4.1])
    assert (figure.curve.label, figure.curve.unit) == ("throughput", "items/s")


def test_a_click_on_a_point_opens_its_run():
    figure = sweep(two_stages, delay=[0.4, 0.6, 0.8], measure="makespan")
    assert figure.opened == 0.6
    click(figure, 2)
    assert figure.opened == 0.8
    assert figure.trace.makespan == figure._player.picture["makespan"] == pytest.approx(4.1)


def test_a_run_can_be_opened_from_code_and_first():
    figure = sweep(two_stages, delay=[0.4, 0.6, 0.8], opened=0.4)
    assert figure.trace.makespan == pytest.approx(2.1)
    figure.open(0.8)
    assert figure._chart.opened == 2
    with pytest.raises(ValueError, match=r"no run for delay=0.5, only for 0.4, 0.6, 0.8"):
        figure.open(0.5)


def test_goals_are_about_the_run_that_is_open():
    goals = {"within 2.5 s": lambda trace: trace.makespan <= 2.5}
    figure = sweep(two_stages, delay=[0.4, 0.8], goals=goals)
    assert figure.goals() == {"within 2.5 s": False}
    click(figure, 0)
    assert figure.goals() == {"within 2.5 s": True}


def test_knobs_that_stay_are_known_to_the_run():
    def make(knobs):
        assert knobs.colour == 7
        return two_stages(knobs)

    assert measures(sweep(make, delay=[0.4, 0.8], colour=7, measure="lost")) == [0, 0]


def test_a_run_that_deadlocks_is_a_point_with_its_error():
    figure = sweep(fails_above_2, delay=[1, 2, 3], opened=3)
    *fine, stuck = figure.curve.points
    assert all(point.measure for point in fine)
    assert stuck.measure is None
    assert "Event.wait" in stuck.error
    assert figure._player.picture["title"].startswith("Deadlock")
    assert "failed at delay 3: " in figure.curve.describe()


def test_a_measure_that_fails_does_not_hide_the_others():
    figure = sweep(two_stages, delay=[0.4, 0.8], measure=lambda trace: 1 / (trace.makespan - 2.1))
    assert figure.curve.points[0].error == "ZeroDivisionError: float division by zero"
    assert measures(figure)[1] == pytest.approx(0.5)


def test_the_finding_names_both_ends_and_the_highest_point_between():
    figure = sweep(two_stages, delay=[1, 2, 3], measure=lambda t: 5 - abs(t.makespan - 10.1))
    assert figure.curve.finding() == "measure: 0 at delay 1, 0 at delay 3; at most 5 at delay 2"


def test_the_run_below_appears_when_the_prediction_is_locked_in():
    guess = Prediction("How long at 0.8?", "s")
    figure = sweep(two_stages, delay=[0.4, 0.8], measure="makespan", prediction=guess)
    assert figure._box.children == (figure._chart,)
    assert figure._chart.prediction["locked"] is False
    guess.lock(3)
    assert figure._box.children == (figure._chart, figure._player)
    assert figure._chart.prediction == {
        "question": "How long at 0.8?", "unit": "s", "value": 3, "locked": True
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "exactly one knob must have several values, got none"),
        ({"a": [1, 2], "b": [1, 2]}, "exactly one knob must have several values, got a, b"),
        ({"a": [1]}, "knob 'a' must have 2 to 100 values, got 1"),
        ({"a": range(101)}, "knob 'a' must have 2 to 100 values, got 101"),
        ({"a": [1, 2], "measure": "speed"}, "one of 'throughput', .* got 'speed'"),
        ({"a": [1, 2], "opened": 3}, "there is no run for a=3"),
    ],
)
def test_what_cannot_be_swept_is_refused(arguments, problem):
    with pytest.raises(ValueError, match=problem):
        sweep(two_stages, **arguments)


@pytest.mark.parametrize("arguments", [{"a": "12"}, {"a": [1, 2], "measure": 3}, {"a": None}])
def test_what_has_the_wrong_type_is_refused(arguments):
    with pytest.raises(TypeError, match="must be a n"):
        sweep(two_stages, **arguments)


def test_latency_counts_from_when_the_source_has_an_item_ready():
    trace = simulate(two_stages, None).trace  # quick takes 0.1 s, slow 0.4 s, two may wait
    assert latencies(trace)[:2] == pytest.approx([0.5, 0.9])
    assert latency(trace) == pytest.approx(sum(latencies(trace)) / 5)
    assert inside(trace) == pytest.approx(sum(latencies(trace)) / 2.1)
    assert throughput(trace) == pytest.approx(5 / 2.1)
    assert lost(trace) == 0


def test_what_was_dropped_and_what_failed_is_lost():
    def dropping(knobs):
        channel = partial(OverflowChannel, 2, overflow="drop_oldest")
        return Pipeline(Stage(buffered(knobs)[0].stages[0].function, channel=channel)), range(12)

    assert lost(simulate(dropping, Knobs.fixed({"buffer": 0})).trace) == 9
    assert lost(simulate(failing, None).trace) == 1


def test_runs_are_cut_off_where_the_time_axis_ends():
    figure = sweep(endless, until=7, any=[1, 2], measure="makespan")
    assert measures(figure) == [7, 7]
    assert figure._player.picture["note"] == "Cut off at 7 s."


def test_the_curve_calls_the_measure_as_it_is_told():
    figure = sweep(two_stages, delay=[0.4, 0.8], measure="lost", label="refused", unit="calls")
    assert figure.curve.finding() == "refused: 0 calls at delay 0.4, 0 calls at delay 0.8"


def test_without_results_there_is_no_latency():
    with pytest.raises(ValueError, match="no item came out"):
        latency(simulate(deadlocked, None).trace)


def test_it_is_saved_as_a_picture_with_words():
    shown = []
    figure = sweep(two_stages, delay=[0.4, 0.8], measure="makespan")
    figure._showing.show = lambda *what: shown.append(what)
    figure._ipython_display_()
    [(_, still, text, (points, *_))] = shown
    curve, opened = text.splitlines()
    assert curve == "makespan: 2.1 s at delay 0.4, 4.1 s at delay 0.8."
    assert opened.startswith("4.1 s at delay 0.8: 5 of 5 items out in 4.1 s")
    assert points.columns == ["delay", "makespan (s)"]
    assert [f"{delay:g} {seconds:.2g}" for delay, seconds in points.rows] == ["0.4 2.1", "0.8 4.1"]
    above, below = still.get_axes()
    assert above.get_ylabel() == "makespan in s"
    assert [label.get_text() for label in below.get_yticklabels()] == ["source", "quick", "slow"]


def test_the_still_picture_breaks_the_line_where_a_run_failed():
    figure = sweep(fails_above_2, delay=[1, 2, 3], opened=2)
    [axes] = plot_curve(figure.curve, title="Too slow at 3", opened=figure.curve.points[1]).axes
    line, crosses, opened = (artist.get_xydata() for artist in axes.get_lines())
    assert line.shape == (3, 2)
    assert math.isnan(line[2, 1])
    assert crosses.tolist() == [[3, 0]]
    assert opened[0, 0] == 2


def test_the_number_at_a_point_on_the_axis_stands_above_it():
    figure = sweep(two_stages, delay=[1, 2, 3], measure=lambda t: 5 - abs(t.makespan - 10.1))
    on_axis, high, _ = figure.curve.points
    said = [plot_curve(figure.curve, opened=one).axes[0].texts[0] for one in (on_axis, high)]
    assert [text.get_text() for text in said] == ["0", "5"]
    assert said[0].get_position()[1] > 0 > said[1].get_position()[1]  # in points, from the point


def test_the_caption_of_the_run_below_keeps_a_number_and_its_sign_in_one_line():
    figure = sweep(buffered, buffer=[0, 1], label="how many of them there are in a second at least")
    below = plot_curve(figure.curve, opened=figure.curve.points[1], run=figure.trace).axes[1]
    lines = below.get_title(loc="left").splitlines()
    assert len(lines) == 2
    assert not any(line.startswith("%") for line in lines)
    assert "\N{NO-BREAK SPACE}% of the time" in "".join(lines)
