import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makes import failing, filtering, two_stages

from pipeline_kit import Event, Pipeline, Stage, StageShape, Trace
from pipeline_kit.live.delays import Delays
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.simulate import simulate
from pipeline_kit.live.tell_delays import why


def run(make) -> Trace:
    return simulate(make, make_knobs({})).trace


def stage(name="work", seconds=lambda item: 1, **options) -> Stage:
    async def work(item):
        await asyncio.sleep(seconds(item))
        return item

    return Stage(work, name=name, **options)


def of(*stages, items=6) -> Trace:
    return run(lambda knobs: (Pipeline(*stages), range(items)))


def slow_first(item):
    return 3 if item == 0 else 1


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=12), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_the_stretches_of_an_item_add_up_to_its_time(durations, buffer):
    trace = of(
        stage("a", durations.__getitem__),
        stage("b", durations[::-1].__getitem__, workers=2, buffer=buffer),
        items=len(durations),
    )
    delays = Delays(trace)
    for item in trace.spans():
        stretches = delays.of(item)
        assert sum(delay.seconds for delay in stretches) == pytest.approx(delays.latency(item))


def test_an_item_that_waits_is_behind_those_the_stage_has_in_hand():
    waiting = next(d for d in Delays(run(two_stages)).of(2) if d.span.state == "waiting")
    assert (waiting.place, waiting.behind) == ("slow", (0, 1))


def test_an_item_that_is_blocked_is_behind_those_of_the_next_stage():
    at_quick = [d for d in Delays(run(two_stages)).of(4) if d.span.stage == "quick"]
    assert [(d.place, d.behind) for d in at_quick if d.span.state == "blocked"] == [("slow", (1,))]


def test_with_a_route_only_its_own_worker_is_in_the_way():
    routed = of(stage(seconds=slow_first, workers=3, buffer=1, route=lambda item, n: item % n))
    first = Delays(routed).of(3)[0]
    assert (first.worker, first.behind) == (0, (0,))
    assert "worker 0 of work" in why(routed, 3)
    assert "while another worker was free" in why(routed, 3)


def test_without_a_route_all_workers_are_in_the_way():
    shared = of(stage(seconds=slow_first, workers=3, buffer=1))
    first = Delays(shared).of(3)[0]
    assert (first.worker, first.behind) == (None, (0, 1, 2))


def test_in_order_an_item_is_held_by_the_earlier_ones():
    ordered = of(stage(seconds=slow_first, workers=3, ordered=True))
    held = Delays(ordered).of(1)[-1]
    assert (held.span.state, held.place, held.behind) == ("blocked", "work", (0,))
    assert why(ordered, 1).endswith("because it must come out after item 0.")


def test_what_is_in_the_way_and_blocked_itself_is_followed_to_who_is_at_work():
    trace = of(stage("a", lambda item: 0.1), stage("b", lambda item: 0.1), stage("c", slow_first))
    blocked = next(d for d in Delays(trace).of(3) if d.place == "a")
    assert (blocked.behind, blocked.root) == ((2,), ("c", (0,)))
    assert "because a had item 2 in hand, held up by c with item 0" in why(trace, 3)


@pytest.mark.parametrize(
    ("make", "item", "words"),
    [
        (two_stages, 0, "was out 0.5 s after it entered: 0.5 s of work."),
        (failing, 2, "failed 0.2 s after"),
        (failing, 3, "was still inside"),
        (filtering, 1, "was filtered 0.2 s after"),
    ],
)
def test_the_sentence_says_how_it_ended(make, item, words):
    assert words in why(run(make), item)


def test_the_longest_delay_is_told_first():
    said = why(run(two_stages), 4)
    assert said.index("waited 0.8 s") < said.index("blocked for 0.3 s") < said.index("for 0.2 s")


def test_many_items_are_counted_rather_than_named():
    trace = of(stage("a", lambda item: 0.01), stage("b", buffer=9), items=10)
    assert "Before b it waited 8.91 s behind 9 items (0 to 8)." in why(trace, 9)


def test_an_item_that_took_no_time_says_so():
    trace = Trace([StageShape("work"), StageShape("sink")], [Event(1, "finished", 0, "source")])
    assert "passed at once" in why(trace, 0)


def test_an_item_that_never_entered_is_refused():
    with pytest.raises(KeyError):
        why(run(two_stages), 99)


def test_with_a_route_its_own_worker_alone_is_in_the_way_when_all_are_busy_too():
    routed = of(
        stage(seconds=slow_first, workers=3, buffer=1, route=lambda item, n: item % n), items=12
    )
    at_source, waiting, _ = Delays(routed).of(6)
    assert (at_source.span.state, at_source.behind) == ("blocked", (0,))
    assert (waiting.span.state, waiting.behind, waiting.worker) == ("waiting", (3,), None)
    assert why(routed, 6).endswith("Before work it waited 1 s behind item 3.")
