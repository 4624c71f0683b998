import pytest
from makes import failing, filtering, two_stages

from pipeline_kit import Event, StageShape, Trace
from pipeline_kit.live.difference import Difference, first_difference
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.simulate import simulate

SHAPES = [StageShape("work"), StageShape("sink")]


def run(make, delay=0.4):
    return simulate(make, make_knobs({"delay": (0.1, 1.0, 0.1, delay)})).trace


def trace(*events):
    return Trace(SHAPES, [Event(*event) for event in events])


def test_two_equal_runs_do_not_part():
    assert first_difference(run(two_stages), run(two_stages)) is None


def test_runs_part_at_the_first_event_that_only_one_of_them_has():
    # quick ends item 0 at 0.1 s in both, but slow ends it at 0.5 s or at 0.9 s
    parted = first_difference(run(two_stages), run(two_stages, delay=0.8))
    assert parted == Difference(0.5, 0, ("is out", "is worked on by slow"))


def test_the_order_of_events_at_one_instant_is_no_difference():
    one = trace((0, "finished", 0, "source"), (0, "finished", 1, "source"))
    other = trace((0, "finished", 1, "source"), (0, "finished", 0, "source"))
    assert first_difference(one, other) is None


def test_times_that_differ_by_rounding_are_the_same_time():
    one, other = trace((0.1 + 0.2, "finished", 0, "work")), trace((0.3, "finished", 0, "work"))
    assert first_difference(one, other) is None


def test_the_same_item_with_another_worker_is_a_difference():
    one = trace((1, "started", 3, "work", 0))
    other = trace((1, "started", 3, "work", 1))
    parted = first_difference(one, other)
    assert parted.where == ("is worked on by work", "is worked on by work (worker 1)")


def test_a_run_that_ends_early_parts_where_the_other_goes_on():
    parted = first_difference(trace(), trace((2, "finished", 0, "source")))
    assert parted == Difference(2, 0, ("has not entered yet", "is held at the source"))


@pytest.mark.parametrize(
    ("make", "where"),
    [(failing, "has failed at divide"), (filtering, "has been filtered by keep_even")],
)
def test_what_is_lost_or_filtered_is_called_so(make, where):
    events = [e for e in run(make).events if e.kind in ("failed", "filtered")]
    parted = first_difference(Trace(SHAPES, events), Trace(SHAPES))
    assert parted.where == (where, "has not entered yet")


def test_the_sentence_names_both_runs():
    parted = Difference(1.1, 3, ("is out", "waits before parse"))
    assert parted.sentence(("without", "with")) == (
        "The runs part at 1.1 s, over item 3. without: it is out; with: it waits before parse."
    )
