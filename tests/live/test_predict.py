"""Predictions: locked in once, for good, and answered in a sentence."""

import pytest

from pipeline_kit.live import predict
from pipeline_kit.live.answer import parse_number
from pipeline_kit.live.predict import _locked


@pytest.fixture(autouse=True)
def _no_answers_yet():
    _locked.clear()


def fill_in(prediction, number, sure="fairly sure"):
    form = prediction._form
    form._number.value, form._sure.value = number, sure
    form._button.click()
    return form._notice.value


def test_nothing_is_locked_in_before_the_button_is_pressed():
    guess = predict("When?")
    assert (guess.locked, guess.value, guess.sure) == (False, None, None)


def test_the_button_locks_number_and_confidence_in():
    guess = predict("When?", unit="s")
    assert "Locked in: 0.3 s (fairly sure)" in fill_in(guess, "0.3")
    assert (guess.locked, guess.value, guess.sure) == (True, 0.3, "fairly sure")


def test_a_locked_form_takes_no_other_answer():
    guess = predict("When?")
    fill_in(guess, "0.3")
    assert "Locked in: 0.3 s" in fill_in(guess, "7")
    assert guess.value == 0.3
    assert all(part.disabled for part in (guess._form._number, guess._form._button))
    with pytest.raises(RuntimeError, match=r"0\.3 s is locked in"):
        guess.lock(7)


def test_a_cell_that_runs_again_shows_the_answer_it_had():
    fill_in(predict("When?"), "0.3")
    again = predict("When?")
    assert (again.locked, again.value) == (True, 0.3)
    assert "Locked in: 0.3 s" in again._form._notice.value
    assert not predict("And where?").locked


@pytest.mark.parametrize(
    ("number", "sure", "complaint"),
    [
        ("", "certain", "Type a number first, in s"),
        ("soon", "certain", "“soon” is not a number of s"),
        ("inf", "certain", "“inf” has no end"),
        ("0.3", None, "Choose how sure you are"),
    ],
)
def test_the_form_says_what_is_missing_and_stays_open(number, sure, complaint):
    guess = predict("When?", unit="s")
    told = fill_in(guess, number, sure)
    assert complaint in told
    assert 'role="alert"' in told
    assert not guess.locked


@pytest.mark.parametrize("typed", ["0.3", " 0.3 ", "0,3", "0.3 s", "0.3s", ".3", "3e-1"])
def test_a_number_may_be_typed_in_many_ways(typed):
    assert parse_number(typed, "s") == 0.3


def test_callbacks_hear_of_the_lock_once_and_late_ones_at_once():
    guess, heard = predict("When?"), []
    guess.on_lock(heard.append)
    assert heard == []
    guess.lock(0.3)
    guess.on_lock(heard.append)
    assert heard == [guess, guess]


def test_an_error_in_a_callback_is_shown_on_the_form():
    guess = predict("When?")
    guess.on_lock(lambda _: 1 / 0)
    assert "division by zero" in fill_in(guess, "0.3")
    assert guess.locked


def test_without_a_known_answer_the_form_gives_nothing_away():
    assert "The run will tell." in fill_in(predict("When?"), "0.3")


def ask_again(earlier, **changes):
    mistakes = {0.5: "That is one stage."}
    return earlier.again("Now?", answer=2.0, because="One by one.", mistakes=mistakes, **changes)


def test_the_exit_confirms_a_right_answer_with_its_reason():
    assert "Right, 2 s. One by one." in fill_in(ask_again(predict("When?")), "2")


def test_the_exit_tells_what_lies_behind_a_known_mistake():
    told = fill_in(ask_again(predict("When?")), "0.5")
    assert "It is 2 s, not 0.5 s. That is one stage." in told
    assert "One by one." not in told


def test_the_exit_gives_the_reason_to_any_other_answer():
    assert "It is 2 s, not 9 s. One by one." in fill_in(ask_again(predict("When?")), "9")


def test_only_who_was_certain_and_wrong_is_asked_to_look_again():
    assert "You were certain" in fill_in(ask_again(predict("When?")), "9", "certain")
    _locked.clear()
    assert "You were certain" not in fill_in(ask_again(predict("When?")), "2", "certain")


def test_the_exit_recalls_the_first_answer():
    first = predict("When?")
    first.lock(0.1, "certain")
    assert "The first time you said 0.1 s (certain)." in ask_again(first)._form._notice.value


def test_without_a_first_answer_there_is_nothing_to_recall():
    assert "first time" not in ask_again(predict("When?"))._form._notice.value


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"question": " "}, "question must say what to predict"),
        ({"question": "When?", "because": "So."}, "give answer="),
        ({"question": "When?", "mistakes": {1.0: "No."}}, "give answer="),
    ],
)
def test_questions_that_make_no_sense_are_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        predict(**arguments)


@pytest.mark.parametrize(("value", "sure"), [(float("nan"), "certain"), (1.0, "perhaps")])
def test_only_a_number_and_a_known_confidence_can_be_locked_in(value, sure):
    guess = predict("When?")
    with pytest.raises(ValueError, match="must be"):
        guess.lock(value, sure)
    assert not guess.locked


def test_what_is_saved_asks_the_question_in_words_and_is_safe_html():
    guess = predict("Is `a` < b?")
    saved, _ = guess._repr_mimebundle_()
    assert "Is `a` < b?" in saved["text/plain"]
    assert "Is <code>a</code> &lt; b?" in saved["text/html"]
    assert saved["application/vnd.jupyter.widget-view+json"]["model_id"] == guess._form.box.model_id
