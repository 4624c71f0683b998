import pytest
from makes import deadlocked, endless, failing, stalling, two_stages
from matplotlib.figure import Figure

from pipeline_kit import Pipeline
from pipeline_kit.live import compare
from pipeline_kit.live.saved import png

DELAY = (0.1, 1.0, 0.1, 0.4)


def unbuffered(knobs):
    pipeline, source = two_stages(knobs)
    for stage in pipeline.stages:
        stage.buffer = 0
    return Pipeline(*pipeline.stages), source


def test_both_runs_get_the_same_knobs():
    figure = compare(unbuffered, two_stages, delay=DELAY)
    figure._player.values = {"delay": 0.8}
    assert [trace.makespan for trace in figure.traces] == [pytest.approx(4.1)] * 2
    assert [run["makespan"] for run in figure._player.picture["runs"]] == pytest.approx([4.1, 4.1])


def test_the_first_difference_is_marked_and_said():
    picture = compare(unbuffered, two_stages, labels=("direct", "buffered"))._player.picture
    assert picture["difference"] == 0.2
    assert picture["sentence"] == (
        "The runs part at 0.2 s, over item 1. "
        "direct: it is finished at quick, but held; buffered: it waits before slow."
    )


def test_equal_runs_are_said_to_be_the_same():
    picture = compare(two_stages, two_stages)._player.picture
    assert picture["difference"] is None
    assert "the same" in picture["sentence"]


def test_goals_are_about_both_runs():
    goals = {"as long": lambda one, other: one.makespan == other.makespan, "no": lambda *_: False}
    assert compare(unbuffered, two_stages, goals=goals).goals() == {"as long": True, "no": False}


def test_a_goal_can_be_that_one_run_fails_and_the_other_does_not():
    goals = {"only one": lambda one, other: bool(one.of("divide", "failed") and other.events)}
    figure = compare(failing, two_stages, goals=goals)
    assert figure.goals() == {"only one": True}
    assert "then it fails" in figure._player.picture["title"]


def test_a_run_that_stalls_is_drawn_and_told_up_to_the_moment_when_nothing_moves_any_more():
    figure = compare(stalling, failing, labels=("stalls", "fails"))
    title = figure._player.picture["title"]
    assert (
        title
        == "stalls: 0 of 2 out, then it fails at 1 s; fails: 2 of 4 out, then it fails at 0.3 s"
    )
    upper, _ = figure._plot().axes
    assert upper.get_xlim() == (0, 1)  # its last event is at 0 s
    assert [line.get_xdata()[0] for line in upper.get_lines() if line.get_linewidth() == 1] == [1]
    assert "stalls: Deadlock: nothing moves any more after 1 s\nat 1.0 s every" in figure._text()
    assert "fails: The run fails at 0.3 s\nstage 'divide' failed on item 2" in figure._text()


def test_a_goal_that_fails_says_why():
    picture = compare(two_stages, two_stages, goals={"broken": lambda one: True})._player.picture
    assert picture["goals"][0]["error"].startswith("TypeError")


def test_it_can_be_moved_from_code():
    figure = compare(two_stages, unbuffered, delay=DELAY)
    figure.set(delay=0.8)
    assert figure._player.knobs[0]["value"] == 0.8
    assert figure.traces[0].makespan == pytest.approx(4.1)


def test_the_same_label_twice_is_refused():
    with pytest.raises(ValueError, match="two names that differ"):
        compare(two_stages, two_stages, labels=("run", "run"))


@pytest.mark.parametrize("make", [two_stages, failing, deadlocked, lambda knobs: knobs.misspelt])
def test_whatever_comes_of_the_runs_there_is_a_picture_of_them(make):
    figure = compare(make, two_stages)
    assert isinstance(figure._plot(), Figure)
    assert png(figure._plot()).startswith(b"\x89PNG")
    assert all(f"\n{label}: " in figure._text() for label in ("without", "with"))


def test_runs_without_an_end_are_cut_off_where_they_are_told_to():
    figure = compare(endless, endless, until=5)
    assert [trace.makespan for trace in figure.traces] == [5, 5]
    assert "cut off there" in figure._player.picture["title"]
