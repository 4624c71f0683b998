import pytest
from makes import deadlocked, failing, two_stages
from matplotlib.colors import same_color

from pipeline_kit.live import palette
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.saved import png
from pipeline_kit.live.simulate import simulate
from pipeline_kit.live.still import plot_comparison, plot_way


def run(make):
    return simulate(make, make_knobs({})).trace


def texts(figure):
    return {text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text"))}


def compared(*traces, mark=0.3):
    captions = [f"run {number}" for number in range(len(traces))]
    return plot_comparison(traces, title="Two runs", captions=captions, mark=mark)


def test_compared_runs_share_the_time_axis_of_the_longer_one():
    short, long = run(failing), run(two_stages)
    assert {axes.get_xlim() for axes in compared(short, long).axes} == {(0, long.makespan)}


def test_each_run_has_its_caption_and_its_lanes():
    figure = compared(run(failing), run(two_stages))
    assert {"Two runs", "run 0", "run 1", "divide", "quick", "slow"} <= texts(figure)


def test_the_moment_at_which_runs_part_is_marked_in_both():
    at = [
        [line.get_xdata()[0] for line in axes.get_lines() if line.get_linewidth() == 1.6]
        for axes in compared(run(failing), run(two_stages), mark=0.1).axes
    ]
    assert at == [[0.1], [0.1]]
    unmarked = compared(run(failing), run(failing), mark=None).axes[0].get_lines()
    assert all(line.get_linewidth() != 1.6 for line in unmarked)


def test_the_way_of_an_item_says_what_it_did_and_for_how_long():
    said = texts(plot_way(run(two_stages), 4, title="Late"))
    assert {"Late", "item 4", "waiting 0.8 s", "working 0.4 s", "blocked 0.3 s"} <= said


def filled(axes, colour):
    fills = [tuple(fill) for bars in axes.collections for fill in bars.get_facecolor()]
    return sum(same_color(fill, colour) for fill in fills)


def test_only_the_item_and_those_in_its_way_are_filled():
    # item 2 waits before slow while that has items 0 and 1, and at the source while quick has 1
    lanes = plot_way(run(two_stages), 2, title="").axes[1]
    assert filled(lanes, palette.stage_colour(0)) == 2  # on its own way, and in the lane of quick
    assert filled(lanes, palette.stage_colour(1)) == 2
    assert filled(lanes, palette.LIGHT.ink) == 3


def test_the_way_of_an_item_that_was_lost_ends_in_a_cross():
    crosses = plot_way(run(failing), 2, title="").axes[1].get_lines()
    assert [(line.get_marker(), *line.get_xdata()) for line in crosses] == [("x", 0.3)]
    assert not plot_way(run(failing), 1, title="").axes[1].get_lines()


@pytest.mark.parametrize("make", [two_stages, failing, deadlocked])
def test_every_run_can_be_drawn(make):
    assert png(compared(run(make), run(two_stages))).startswith(b"\x89PNG")
    assert png(plot_way(run(make), 0, title="Why?")).startswith(b"\x89PNG")
