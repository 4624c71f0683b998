import asyncio

import pytest
from makes import stalling, two_stages

from pipeline_kit import Channel, Pipeline, Stage
from pipeline_kit.live import search
from pipeline_kit.live.tally import TallyData, plot_tally

LINKS = {0: (1, 2, 3), 1: (4, 5, 6), 2: (7, 8, 9), 3: (10,), 4: (11,)}
CAPACITY = (1, 12, 1, 3)


def crawler(knobs):
    """Sends the links it finds back to its own source, which has a bound."""
    todo = Channel(knobs.capacity, name="todo")
    todo.send_nowait(0)
    unfinished = 1

    async def visit(page):
        nonlocal unfinished
        await asyncio.sleep(1)
        for link in LINKS.get(page, ()):
            unfinished += 1
            await todo.send(link)
        unfinished -= 1
        if not unfinished:
            todo.close()
        return page

    return Pipeline(Stage(visit, workers=3)), todo


class Guess:
    """What `search` needs of a prediction."""

    question, unit, value, locked = "How many?", "schedules", None, False

    def on_lock(self, callback):
        self.callback = callback

    def lock(self, value):
        self.value, self.locked = value, True
        self.callback(self)


def figure_of_40(**options):
    return search(crawler, runs=40, capacity=CAPACITY, **options)


def move(figure, **values):
    """Do what the browser does when a slider is moved."""
    figure._tally.values = {**figure._tally.values, **values}


def test_the_shortest_failure_is_open_with_its_report():
    figure = figure_of_40()
    assert figure.opened.number == figure.result.shortest.number == figure._tally.opened
    assert "waits in Channel.send on <Channel 'todo'" in figure._player.picture["error"]
    assert figure._player.picture["title"].startswith("Deadlock: nothing moves any more after")


def test_each_run_is_a_square_that_tells_if_it_failed():
    figure = figure_of_40()
    failed = figure._tally.tally["failed"]
    assert [number for number, bad in enumerate(failed) if bad] == [
        run.number for run in figure.result.failed
    ]
    assert 0 < sum(failed) < len(failed) == 40


def test_another_run_can_be_opened():
    figure = figure_of_40()
    passes = next(run.number for run in figure.result.runs if not run.failure)
    figure._tally.opened = passes  # what a click does
    assert figure.opened.number == passes
    assert figure._player.picture["error"] == ""
    assert sorted(figure.opened.result) == list(range(12))
    with pytest.raises(ValueError, match="schedules go from 0 to 39, got 40"):
        figure.open(40)


def test_a_slider_searches_anew_and_ticks_the_goals():
    figure = figure_of_40(goals={"no schedule fails": lambda found: not found.failed})
    assert figure.goals() == {"no schedule fails": False}
    move(figure, capacity=12)
    assert figure.goals() == {"no schedule fails": True}
    assert figure._tally.goals[0]["reached"]
    assert figure._tally.title == "None of 40 schedules fails"
    assert figure.opened.failure == ""


def test_a_goal_that_fails_says_so():
    figure = figure_of_40(goals={"broken": lambda found: 1 / 0})
    assert figure._tally.goals[0]["error"] == "ZeroDivisionError: division by zero"


def test_a_broken_claim_is_shown_as_the_error():
    figure = search(two_stages, claim=lambda run: run.result == [4, 3, 2, 1, 0], runs=3)
    assert len(figure.result.failed) == 3
    assert "the claim does not hold for [0, 1, 2, 3, 4]" in figure._player.picture["error"]


def test_the_runs_stay_covered_until_a_prediction_is_locked_in():
    guess = Guess()
    figure = figure_of_40(prediction=guess)
    assert figure._tally.title == "How many?"
    assert figure._tally.tally == {}
    assert figure._player.picture["stages"] == []
    guess.lock(7)
    assert figure._tally.said == "You said: 7 schedules"
    assert figure._tally.tally["failed"]
    assert figure._player.picture["stages"]


def test_make_must_make_a_pipeline():
    with pytest.raises(TypeError, match="make must return a pipeline and a source"):
        search(lambda knobs: 7)


def test_in_words_and_in_print_it_says_the_same():
    figure = figure_of_40()
    data, shortest = TallyData(figure.result), figure.result.shortest
    finding = f"{len(figure.result.failed)} of 40 schedules fail; the shortest is number"
    assert data.finding() == f"{finding} {shortest.number}, after {shortest.steps} steps"
    assert data.describe().endswith(shortest.failure)
    drawn = plot_tally(data, figure.opened)
    assert drawn.get_suptitle().replace("\n", " ") == data.finding()
    filled = [line for line in drawn.axes[0].lines if line.get_markerfacecolor() == "#1F1F1F"]
    assert len(filled) == len(figure.result.failed)
    lanes = [label.get_text() for label in drawn.axes[1].get_yticklabels()]
    assert lanes == ["source", "visit 0", "visit 1", "visit 2"]


def test_the_printed_lanes_of_a_deadlock_go_on_until_nothing_moves_any_more():
    figure = search(stalling, runs=1, jitter=0.0)
    assert figure.trace.makespan == 0  # its last event, one second before
    gantt = plot_tally(TallyData(figure.result), figure.opened).axes[1]
    assert gantt.get_xlim() == (0, 1)
    ends = [path.get_extents().x1 for bars in gantt.collections for path in bars.get_paths()]
    assert max(ends) == 1
