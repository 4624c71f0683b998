import pytest
from makes import failing, two_stages

from pipeline_kit.live import explore, predict, replay
from pipeline_kit.live.simulate import simulate

DELAY = (0.1, 1.0, 0.1, 0.4)


class Guess:
    """What `explore` needs of a prediction."""

    def __init__(self) -> None:
        self.question, self.unit, self.value, self.locked = "How long?", "s", None, False
        self.callbacks = []

    def on_lock(self, callback):
        self.callbacks.append(callback)

    def lock(self, value):
        self.value, self.locked = value, True
        for callback in self.callbacks:
            callback(self)


def move(figure, **values):
    """Do what the browser does when a slider is moved."""
    figure._player.values = {**figure._player.values, **values}


def test_a_slider_makes_a_new_run():
    figure = explore(two_stages, delay=DELAY)
    assert figure.trace.makespan == 2.1
    move(figure, delay=0.8)
    assert figure.trace.makespan == pytest.approx(4.1)
    assert figure._player.picture["makespan"] == figure.trace.makespan


def test_a_knob_can_be_moved_from_code_too():
    figure = explore(two_stages, delay=DELAY)
    figure.set(delay=0.8)
    assert figure._player.knobs[0]["value"] == 0.8
    assert figure.trace.makespan == pytest.approx(4.1)


def test_goals_tick_themselves():
    figure = explore(two_stages, delay=DELAY, goals={"within 2 s": lambda t: t.makespan <= 2})
    assert figure.goals() == {"within 2 s": False}
    move(figure, delay=0.1)
    assert figure.goals() == {"within 2 s": True}


def test_a_run_that_fails_reaches_no_goal_and_shows_its_error():
    figure = explore(failing, goals={"any": lambda trace: True})
    assert figure.goals() == {"any": False}
    assert "stage 'divide' failed on item 2" in figure._player.picture["error"]


def test_a_run_that_fails_says_so_where_there_are_no_widgets(monkeypatch):
    shown = []
    figure = explore(failing)
    monkeypatch.setattr(figure._showing, "show", lambda *parts: shown.extend(parts))
    figure._ipython_display_()
    _, picture, text, (stages, _) = shown
    assert picture.get_suptitle() == "The run fails at 0.3 s"
    assert "stage 'divide' failed on item 2" in text
    assert stages.rows[0][0] == "divide"


def test_a_goal_that_fails_says_so_and_leaves_the_rest_alone():
    goals = {"broken": lambda trace: 1 / 0, "fine": lambda trace: True}
    picture = explore(two_stages, goals=goals)._player.picture
    assert picture["goals"][0]["error"] == "ZeroDivisionError: division by zero"
    assert picture["goals"][1]["reached"]
    assert picture["error"] == ""


def test_a_slider_moved_out_of_an_error_brings_the_picture_back():
    def make(knobs):
        return (failing if knobs.broken else two_stages)(knobs)

    figure = explore(make, broken=(0, 1, 1, 1))
    assert figure._player.picture["error"]
    move(figure, broken=0)
    assert figure._player.picture["error"] == ""


def test_a_prediction_is_passed_on_when_it_is_locked_in():
    guess = Guess()
    figure = explore(two_stages, prediction=guess)
    assert figure._player.prediction["locked"] is False
    guess.lock(1.5)
    assert figure._player.prediction == {
        "question": "How long?", "unit": "s", "value": 1.5, "locked": True
    }  # fmt: skip


def test_the_same_knobs_give_the_same_picture():
    one, other = (explore(two_stages, delay=DELAY)._player.picture for _ in range(2))
    assert one == other


def test_a_recorded_run_can_be_looked_at_again():
    trace = simulate(two_stages, explore(two_stages).knobs).trace
    assert replay(trace, title="Again").player.picture["title"] == "Again"


def test_a_recorded_run_can_be_covered_until_there_is_a_prediction():
    guess = predict("When is the last item out of the recorded run?")
    player = replay(simulate(two_stages, explore(two_stages).knobs).trace, prediction=guess).player
    assert player.prediction["locked"] is False
    guess.lock(2.1)
    assert (player.prediction["value"], player.prediction["locked"]) == (2.1, True)
