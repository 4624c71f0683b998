import asyncio
import gc
import weakref

import pytest
from makes import deadlocked, failing, marked, two_stages
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from pipeline_kit import SINK, Pipeline, Stage, StageShape, Trace
from pipeline_kit.live import palette, plot_trace
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.monitor import Sample
from pipeline_kit.live.saved import png
from pipeline_kit.live.simulate import simulate
from pipeline_kit.live.static import plot_samples

KNOBS = make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)})
RUN = simulate(two_stages, KNOBS).trace


def texts(figure: Figure) -> set[str]:
    return {text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text"))}


def test_the_title_states_the_finding():
    assert any("5 of 5 items out in 2.1 s" in text for text in texts(plot_trace(RUN)))
    assert "My words" in texts(plot_trace(RUN, title="My words"))


def test_the_axis_reaches_the_moment_at_which_a_run_stalls_after_its_last_event():
    assert plot_trace(RUN, moment=RUN.makespan + 1).axes[0].get_xlim()[1] >= RUN.makespan + 1


def test_what_goes_on_when_a_run_is_stopped_is_drawn_up_to_that_moment():
    def hurried(knobs):
        return Pipeline(Stage(asyncio.sleep, name="wait"), deadline=2.5), [1, 1, 1]

    stopped = simulate(hurried, KNOBS)
    lanes = plot_trace(stopped.trace, title="stopped", moment=stopped.ended).axes[0]
    solid = [bars for bars in lanes.collections if not bars.get_hatch()]
    assert stopped.trace.makespan == 2
    assert max(bar.get_extents().x1 for bars in solid for bar in bars.get_paths()) == 2.5


def test_a_retry_is_dashed_and_an_answer_without_a_call_a_diamond():
    lanes = plot_trace(simulate(marked, KNOBS).trace).axes[0]
    dashed = [p for p in lanes.patches if p.get_linestyle() not in ("-", "solid")]
    assert [p.get_x() for p in dashed] == pytest.approx([0.2, 0.4])
    assert [p.get_width() for p in dashed] == pytest.approx([0.1, 0.1])
    diamonds = [line for line in lanes.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in diamonds] == pytest.approx([0.3, 0.5])
    full = [not same_color(line.get_mfc(), "white") for line in diamonds]
    assert full == [True, False]


def test_each_lane_shows_the_states_of_its_worker_by_texture():
    lanes = plot_trace(RUN).axes[0]
    hatched = [bars for bars in lanes.collections if bars.get_hatch()]
    solid = [bars for bars in lanes.collections if not bars.get_hatch()]
    assert any(len(bars.get_paths()) for bars in hatched)
    assert any(
        same_color(colour, palette.stage_colour(1))
        for bars in solid
        for colour in bars.get_facecolor()
    )


def test_the_capacity_is_a_dashed_line():
    lines = plot_trace(RUN).axes[1].get_lines()
    assert [line.get_ydata()[0] for line in lines if line.is_dashed()] == [2]


def test_a_capacity_far_above_the_queue_is_not_drawn():
    def roomy(knobs):
        pipeline, source = two_stages(knobs)
        pipeline.stages[1].buffer = 1000
        return pipeline, source

    lines = plot_trace(simulate(roomy, KNOBS).trace).axes[-2].get_lines()
    assert [line for line in lines if line.is_dashed()] == []


def test_where_nothing_can_queue_a_note_says_so():
    def tight(knobs):
        pipeline, source = two_stages(knobs)
        pipeline.stages[1].buffer = 0
        return pipeline, source

    note = "no buffers: each item is handed over directly"
    assert note in texts(plot_trace(simulate(tight, KNOBS).trace))
    assert note not in texts(plot_trace(RUN))


def test_what_is_lost_is_marked_in_the_colour_of_loss():
    crosses = [
        line
        for line in plot_trace(simulate(failing, KNOBS).trace).axes[0].get_lines()
        if line.get_marker() == "x" and len(line.get_xdata())
    ]
    assert [list(line.get_xdata()) for line in crosses] == [[0.3]]
    assert same_color(crosses[0].get_color(), palette.LOSS)


def test_the_time_axis_ends_with_the_longer_run_or_where_it_is_told_to():
    longer = simulate(two_stages, make_knobs({"delay": (0.1, 1.0, 0.1, 0.8)})).trace
    assert plot_trace(RUN, ghost=longer).axes[0].get_xlim() == (0, longer.makespan)
    assert plot_trace(RUN, until=10).axes[0].get_xlim() == (0, 10)


@pytest.mark.parametrize("trace", [RUN, Trace([]), simulate(deadlocked, KNOBS).trace])
def test_every_trace_can_be_drawn(trace):
    assert png(plot_trace(trace)).startswith(b"\x89PNG")


def test_a_trace_plots_itself():
    assert isinstance(RUN.plot(), Figure)


def test_a_figure_that_nobody_holds_is_freed():
    figure = weakref.ref(plot_trace(RUN))
    gc.collect()
    assert figure() is None


def test_a_number_and_its_sign_stay_in_one_line():
    title = (
        "24 of 24 items out in 18.5 s; download and resize equally busy, working 65 % of the time"
    )
    lines = plot_trace(RUN, title=title).get_suptitle().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("65\N{NO-BREAK SPACE}% of")


def test_the_line_at_the_moment_lies_behind_bars_and_numbers():
    lanes = plot_trace(RUN, moment=0.7).axes[0]
    [line] = [line for line in lanes.lines if list(line.get_xdata()) == [0.7, 0.7]]
    assert line.zorder < min(part.zorder for part in [*lanes.collections, *lanes.texts])


def test_where_nothing_can_queue_in_a_live_run_a_note_says_so():
    note, none = "no buffers: each item is handed over directly", [0, 0]
    waits = [none, none, none, none, none, [0.0, 0.0]]
    sample = Sample(1.0, 1, none, [1, 1], *waits, throughput=1.0, bottleneck=None)
    for capacity, said in ((0, True), (3, False)):
        shapes = [StageShape("read", 1, capacity), StageShape(SINK, 1, 0)]
        assert (note in texts(plot_samples([sample], shapes, title="live"))) == said


def test_in_a_crowd_no_seam_hides_the_bars():
    async def work(item):
        await asyncio.sleep(0.1 if item else 10)

    trace = simulate(lambda knobs: (Pipeline(Stage(work)), range(300)), None).trace
    lanes = plot_trace(trace).axes[0].collections
    working = next(bars for bars in lanes if len(bars.get_linewidths()) == 300)
    assert list(working.get_linewidths()) == [0.6] + [0] * 299
