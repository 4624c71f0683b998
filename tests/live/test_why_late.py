import json

import pytest
from makes import failing, two_stages

from pipeline_kit import Event, StageShape, Trace
from pipeline_kit.live import why_late
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.simulate import simulate


def run(make):
    return simulate(make, make_knobs({})).trace


def test_it_begins_with_the_item_that_took_longest():
    figure = why_late(run(two_stages))
    assert figure.item == 4
    assert figure.sentence().startswith("Item 4 was out 1.8 s after it entered")


def test_it_begins_with_the_item_asked_for():
    assert why_late(run(two_stages), item=2).item == 2


def test_of_items_that_took_equally_long_it_begins_with_the_first():
    trace = run(two_stages)
    trace = Trace(trace.stages, [e for e in trace.events if e.stage == "source" and e.item < 2])
    assert why_late(trace).item == 0


def test_choosing_another_item_in_the_browser_changes_what_is_said():
    figure = why_late(run(two_stages))
    figure._player.item = 1
    assert figure.sentence() == next(i["sentence"] for i in figure._player.items if i["item"] == 1)


def test_each_part_names_who_was_in_the_way_and_where():
    item = why_late(run(two_stages))._player.items[2]
    waiting = next(part for part in item["parts"] if part["state"] == 0)
    assert waiting["behind"] == [[1, (0, 1)]]


@pytest.mark.parametrize("make", [two_stages, failing])
def test_what_goes_to_the_browser_is_plain(make):
    player = why_late(run(make))._player
    json.dumps([player.items, player.picture])


def test_an_item_that_did_not_enter_is_refused():
    with pytest.raises(ValueError, match="0 to 4, got 5"):
        why_late(run(two_stages), item=5)


def test_a_run_without_items_is_refused():
    with pytest.raises(ValueError, match="one item or more"):
        why_late(Trace([]))


def test_of_a_long_run_it_says_how_many_items_can_be_chosen():
    events = [Event(time, "finished", time, "source") for time in range(600)]
    player = why_late(Trace([StageShape("work"), StageShape("sink")], events))._player
    assert len(player.items) == 500
    assert player.note == "The first 500 of 600 items can be chosen."
    assert why_late(run(two_stages))._player.note == ""
