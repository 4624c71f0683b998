import csv
import io
from asyncio import sleep
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import (
    SINK,
    SOURCE,
    Channel,
    Counts,
    Event,
    Pipeline,
    Span,
    Stage,
    StageShape,
    Trace,
    WouldBlock,
    virtual_time,
)


def traced(*delays: float, items: int = 4, buffer: int = 0, workers: int = 1) -> Trace:
    """Run items through stages "s0", "s1", … that take the given seconds; return the trace."""

    def stage(number: int, delay: float) -> Stage:
        return Stage(lambda _: sleep(delay), name=f"s{number}", buffer=buffer, workers=workers)

    async def main() -> Trace:
        pipeline = Pipeline(*(stage(number, delay) for number, delay in enumerate(delays)))
        async with pipeline.run(range(items), record=True) as run:
            async for _ in run:
                pass
        return run.trace

    return virtual_time.run(main)


def test_the_makespan_of_overlapping_stages_is_n_plus_k_minus_1_beats() -> None:
    assert traced(1, 1, 1, items=100).makespan == 100 + 3 - 1


def test_a_stage_that_is_not_there_has_no_utilisation() -> None:
    with pytest.raises(KeyError, match="s9"):
        traced(1).utilisation("s9")


def test_the_slowest_stage_is_the_bottleneck() -> None:
    trace = traced(1, 3, 2, items=10)
    assert trace.bottleneck == "s1"
    assert trace.makespan == 1 + 10 * 3 + 2
    assert trace.utilisation("s1") == 30 / 33
    assert trace.utilisation("s0") == 10 / 33


def test_utilisation_counts_all_workers_of_a_stage() -> None:
    trace = traced(2, items=3, workers=2)
    assert trace.makespan == 4.0
    assert trace.utilisation("s0") == 6 / 8


async def test_where_a_channel_has_accepted_nothing_nothing_is_in_it() -> None:
    async with Pipeline(Stage(lambda _: sleep(1), name="s0")).run(range(3), record=True) as run:
        await sleep(5)  # and take no result: the first one waits with its worker
    assert run.trace.depth(SINK).maximum == 0


def test_depth_is_what_stands_in_the_channel_in_front_of_a_stage() -> None:
    trace = traced(1, 3, items=4, buffer=2)
    depth = trace.depth("s1")
    assert [depth.at(time) for time in (0.5, 1, 2, 3, 4, 7, 10)] == [0, 0, 1, 2, 2, 1, 0]
    assert depth.maximum == 2


def test_throughput_is_completions_in_the_window_before() -> None:
    trace = traced(0.5, items=4)
    assert trace.completions("s0") == [0.5, 1.0, 1.5, 2.0]
    rate = trace.throughput("s0", window=1.0)
    assert [rate.at(time) for time in (0.4, 0.5, 1.0, 1.5, 2.0)] == [0, 1, 2, 2, 2]
    with pytest.raises(ValueError, match="window must be above 0 seconds, got 0"):
        trace.throughput("s0", window=0)


def test_the_path_of_an_item_tells_waiting_working_and_blocked_apart() -> None:
    trace = traced(1, 3, items=3, buffer=1)
    assert trace.path(2) == [
        Span(SOURCE, 0, 2, "blocked", 0.0, 1.0),
        Span("s0", 0, 2, "waiting", 1.0, 2.0),
        Span("s0", 0, 2, "working", 2.0, 3.0),
        Span("s0", 0, 2, "blocked", 3.0, 4.0),
        Span("s1", 0, 2, "waiting", 4.0, 7.0),
        Span("s1", 0, 2, "working", 7.0, 10.0),
    ]
    with pytest.raises(KeyError):
        trace.path(99)


def test_the_lane_of_a_worker_has_no_gaps_and_tells_starved_from_blocked() -> None:
    trace = traced(1, 3, items=3)
    assert [(span.state, span.start, span.end) for span in trace.lane("s0")] == [
        ("working", 0.0, 1.0),
        ("working", 1.0, 2.0),
        ("blocked", 2.0, 4.0),
        ("working", 4.0, 5.0),
        ("blocked", 5.0, 7.0),
        ("starved", 7.0, 10.0),
    ]
    assert trace.lane("s1")[0] == Span("s1", 0, None, "starved", 0.0, 1.0)


def test_counts_say_where_the_items_are() -> None:
    trace = traced(1, 1, items=3)
    assert trace.counts(0.0) == Counts(entered=2, out=0, dropped=0, failed=0, in_flight=2)
    assert trace.counts(2.0) == Counts(entered=3, out=1, dropped=0, failed=0, in_flight=2)
    assert trace.counts(4.0) == Counts(entered=3, out=3, dropped=0, failed=0, in_flight=0)


def test_counts_know_what_was_dropped_and_what_failed() -> None:
    events = [Event(0.0, "finished", item, SOURCE) for item in range(3)]
    events += [Event(1.0, "dropped", 0, "s0"), Event(1.0, "started", 1, "s0")]
    events += [Event(2.0, "failed", 1, "s0", note="ValueError()")]
    trace = Trace([StageShape("s0"), StageShape(SINK)], events)
    assert trace.counts(2.0) == Counts(entered=3, out=0, dropped=1, failed=1, in_flight=1)


def test_counts_tell_what_was_filtered_from_what_was_lost() -> None:
    events = [Event(0.0, "finished", item, SOURCE) for item in range(2)]
    events += [Event(0.0, "started", 0, "s0"), Event(3.0, "filtered", 0, "s0")]
    trace = Trace([StageShape("s0"), StageShape(SINK)], events)
    assert trace.counts(3.0) == Counts(2, out=0, dropped=0, failed=0, in_flight=1, filtered=1)
    assert trace.path(0) == [Span("s0", 0, 0, "working", 0.0, 3.0)]
    assert trace.depth("s0").at(3.0) == 1


def test_a_trace_without_queued_events_counts_what_stands_between_two_stages() -> None:
    events = [
        Event(0.0, "finished", 0, SOURCE),
        Event(0.0, "started", 0, "s0"),
        Event(1.0, "finished", 0, "s0"),
        Event(3.0, "started", 0, SINK),
    ]
    trace = Trace([StageShape("s0"), StageShape(SINK)], events)
    assert [trace.depth(SINK).at(time) for time in (0, 1, 2, 3)] == [0, 1, 1, 0]
    assert trace.path(0) == [
        Span("s0", 0, 0, "working", 0.0, 1.0),
        Span(SINK, 0, 0, "waiting", 1.0, 3.0),
    ]


def test_the_table_can_be_written_as_csv() -> None:
    table = traced(1, items=1).table()
    file = io.StringIO()
    writer = csv.DictWriter(file, table[0])
    writer.writeheader()
    writer.writerows(table)
    assert file.getvalue().splitlines() == [
        "time,kind,item,stage,worker,note",
        "0.0,finished,0,source,0,",
        "0.0,queued,0,s0,0,",
        "0.0,started,0,s0,0,",
        "1.0,finished,0,s0,0,",
        "1.0,queued,0,sink,0,",
        "1.0,started,0,sink,0,",
    ]


def test_an_empty_trace_is_all_zero() -> None:
    trace = Trace([StageShape("s0"), StageShape(SINK)])
    assert trace.makespan == 0.0
    assert trace.utilisation("s0") == 0.0
    assert trace.counts(1.0) == Counts(0, 0, 0, 0, 0)
    assert trace.lane("s0") == []


DELAYS = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=4)


@given(DELAYS, st.integers(0, 8), st.integers(0, 3), st.integers(1, 3))
def test_items_never_vanish(delays: list[float], items: int, buffer: int, workers: int) -> None:
    """Law: entered = out + dropped + failed + in flight at every moment, and depths are bounded."""
    trace = traced(*delays, items=items, buffer=buffer, workers=workers)
    for time in sorted({event.time for event in trace.events}):
        now = trace.counts(time)
        assert now.entered == now.out + now.dropped + now.failed + now.in_flight
    for shape in trace.stages:
        assert shape.capacity is not None
        assert min(trace.depth(shape.name).values, default=0) >= 0
        assert trace.depth(shape.name).maximum <= shape.capacity
    assert trace.counts(trace.makespan).out == items


@given(DELAYS, st.integers(0, 8), st.integers(0, 3))
def test_paths_and_lanes_have_no_gaps(delays: list[float], items: int, buffer: int) -> None:
    """Law: an item is always somewhere, and a worker is always doing something."""
    trace = traced(*delays, items=items, buffer=buffer)
    for item in range(items):
        path = trace.path(item)
        assert all(a.end == b.start for a, b in pairwise(path))
    for number in range(len(delays)):
        lane = trace.lane(f"s{number}")
        assert sum(span.end - span.start for span in lane) == trace.makespan


def test_the_same_run_gives_the_same_trace() -> None:
    traces = [traced(0.3, 0.7, 0.1, items=20, buffer=2, workers=3).events for _ in range(50)]
    assert all(trace == traces[0] for trace in traces)


def test_where_channels_are_not_seen_a_finished_item_waits_for_the_next_stage() -> None:
    events = [
        Event(0.0, "finished", 0, SOURCE),
        Event(0.0, "started", 0, "s0"),
        Event(1.0, "finished", 0, "s0"),
        Event(3.0, "finished", 1, SOURCE),
    ]
    trace = Trace([StageShape("s0"), StageShape(SINK)], events)
    assert trace.path(0) == [
        Span("s0", 0, 0, "working", 0.0, 1.0),
        Span(SINK, 0, 0, "waiting", 1.0, 3.0),
    ]


class Skipping(Channel[int]):
    """Takes no second item while it is full, and says nothing about it."""

    async def send(self, item: int) -> None:
        with suppress(WouldBlock):
            self.send_nowait(item)


def test_a_worker_no_longer_holds_what_it_has_thrown_away_once_it_begins_anew() -> None:
    async def main() -> Trace:
        slow = Stage(lambda _: sleep(10), name="slow", channel=lambda: Skipping(1))
        quick = Stage(lambda _: sleep(1), name="quick", buffer=9)
        async with Pipeline(quick, slow).run(range(6), record=True) as run:
            async for _ in run:
                pass
        return run.trace

    trace = virtual_time.run(main)
    assert trace.counts(trace.makespan).in_flight == 4
    assert trace.share("quick", "blocked") <= 1
    lane = trace.lane("quick")
    assert all(earlier.end <= later.start for earlier, later in pairwise(lane))
