import pytest

from pipeline_kit.live.knobs import make_knobs


def test_a_knob_is_read_by_name():
    knobs = make_knobs({"delay": (0.1, 1.0, 0.1, 0.4, "s")})
    assert knobs.delay == 0.4
    assert knobs.as_data()[0]["unit"] == "s"


def test_a_knob_of_whole_numbers_gives_an_int():
    knobs = make_knobs({"workers": (1, 8, 1, 2)})
    knobs.set({"workers": 3.0})
    assert knobs.workers == 3
    assert isinstance(knobs.workers, int)


def test_a_value_moves_to_the_nearest_place_on_the_grid_and_inside_the_range():
    knobs = make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)})
    knobs.set({"delay": 0.31999})
    assert knobs.delay == 0.3
    knobs.set({"delay": 99})
    assert knobs.delay == 1.0


def test_a_value_for_a_knob_that_is_not_there_is_left_alone():
    knobs = make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)})
    knobs.set({"other": 1})
    assert knobs.values() == {"delay": 0.4}


def test_a_misspelt_knob_is_answered_with_the_names_there_are():
    with pytest.raises(AttributeError, match=r"no knob 'delai'; there are: buffer, delay"):
        make_knobs({"delay": (0, 1, 0.5, 0), "buffer": (0, 9, 1, 3)}).delai  # noqa: B018 - raises


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ((0, 10, 1), TypeError, r"knob 'x' must be \(lowest, highest, step, value\)"),
        ((0, 10, 1, "2"), TypeError, "knob 'x' must be"),
        ((10, 0, 1, 2), ValueError, "the first number must be below the second"),
        ((0, 10, 0, 2), ValueError, "a step above 0, got 0"),
        ((0, 10, 2, 3), ValueError, "cannot stand at 3.*the nearest is 4"),
        ((0, 10, 1, 11), ValueError, "cannot stand at 11.*the nearest is 10"),
    ],
)
def test_numbers_that_do_not_go_together_are_refused(spec, error, message):
    with pytest.raises(error, match=message):
        make_knobs({"x": spec})


def test_more_than_six_knobs_are_refused():
    with pytest.raises(ValueError, match="at most 6 knobs, got 7"):
        make_knobs({f"k{number}": (0, 1, 1, 0) for number in range(7)})


def test_a_step_of_a_tenth_leaves_no_dust_behind():
    knobs = make_knobs({"delay": (0.1, 1.0, 0.1, 0.3)})
    for tenths in range(1, 11):
        knobs.set({"delay": tenths / 10})
        assert knobs.delay == tenths / 10
