import json

import pytest
from makes import (
    deadlocked,
    endless,
    failing,
    filtering,
    marked,
    stalling,
    throwing_away,
    two_stages,
)

from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.picture import picture_of
from pipeline_kit.live.simulate import simulate

KNOBS = make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)})


def spans_at(picture, time):
    columns = picture["spans"]
    rows = zip(*(columns[name] for name in ("item", "place", "state", "start", "end")), strict=True)
    return [
        (item, place, state)
        for item, place, state, start, end in rows
        if start <= time and (end is None or time < end)
    ]


@pytest.mark.parametrize("make", [two_stages, failing, filtering, deadlocked])
def test_at_each_event_the_items_in_the_picture_are_those_in_flight(make):
    simulation = simulate(make, KNOBS)
    picture = picture_of(simulation)
    for event in simulation.trace.events:
        inside = [item for item, _, _ in spans_at(picture, event.time)]
        assert len(set(inside)) == len(inside) == simulation.trace.counts(event.time).in_flight


def test_an_item_is_at_its_place_in_its_state():
    picture = picture_of(simulate(two_stages, KNOBS))
    # At 0.6 s slow works on 1, 2 and 3 wait in its queue, quick is blocked with 4.
    assert sorted(spans_at(picture, 0.6)) == [(1, 1, 1), (2, 1, 0), (3, 1, 0), (4, 0, 2)]


def test_what_is_thrown_away_without_a_word_is_nowhere_once_its_worker_takes_another_item():
    simulation = simulate(throwing_away, KNOBS)
    picture = picture_of(simulation)
    for event in simulation.trace.events:
        places = [(place, state) for _, place, state in spans_at(picture, event.time) if state]
        assert len(set(places)) == len(places)  # no worker has two items in hand
    counts = simulation.trace.counts(picture["makespan"])
    assert counts.in_flight > 0
    assert spans_at(picture, picture["makespan"]) == []


def test_the_picture_is_plain_values():
    assert json.loads(json.dumps(picture_of(simulate(failing, KNOBS)), allow_nan=False))


def test_a_failed_run_says_so_in_its_title_and_shows_the_error():
    picture = picture_of(simulate(failing, KNOBS))
    assert picture["title"] == "The run fails at 0.3 s"
    assert "stage 'divide' failed on item 2" in picture["error"]
    assert [(loss["item"], loss["kind"]) for loss in picture["losses"]] == [(2, "failed")]


def test_what_is_filtered_is_told_by_its_times_and_is_no_loss():
    picture = picture_of(simulate(filtering, KNOBS))
    assert picture["filtered"] == [0.2, 0.4]
    assert picture["losses"] == []


def test_what_layers_did_is_marked_at_its_place():
    picture = picture_of(simulate(marked, KNOBS))
    marks = [(mark["kind"], mark["item"], mark["place"]) for mark in picture["marks"]]
    assert marks == [("retry", 1, 0), ("hit", 2, 0), ("retry", 3, 0), ("substitute", 3, 0)]


def test_a_run_that_stalls_after_its_last_event_ends_when_it_stalls():
    picture = picture_of(simulate(stalling, KNOBS))
    assert picture["title"] == "Deadlock: nothing moves any more after 1 s"
    assert picture["makespan"] == picture["moment"] == 1


def test_a_deadlock_names_who_waits():
    picture = picture_of(simulate(deadlocked, KNOBS))
    assert picture["title"].startswith("Deadlock")
    assert "Event.wait" in picture["error"]


def test_an_error_in_make_leaves_a_picture_with_the_error_alone():
    picture = picture_of(simulate(lambda knobs: knobs.misspelt, KNOBS))
    assert picture["stages"] == []
    assert "AttributeError: there is no knob 'misspelt'" in picture["error"]


def test_a_run_that_was_cut_off_says_where():
    assert picture_of(simulate(endless, KNOBS, until=7), until=7)["note"] == "Cut off at 7 s."
    assert "use fewer items" in picture_of(simulate(endless, KNOBS))["note"]
