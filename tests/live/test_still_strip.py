import asyncio
import math

import pytest
from makes import deadlocked, failing, filtering, two_stages

from pipeline_kit import Event, Pipeline, Stage, StageShape, Trace
from pipeline_kit.live import palette, plot_trace
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.scene import scene_at
from pipeline_kit.live.simulate import simulate
from pipeline_kit.patterns.caching import Cache

KNOBS = make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)})
RUN = simulate(two_stages, KNOBS).trace


def strip_of(trace, moment=None):
    return plot_trace(trace, moment=moment).axes[-1]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_at_a_moment_each_item_is_somewhere():
    scene = scene_at(RUN, 0.45)
    assert scene.workers == {
        ("slow", 0): ("working", 0),
        ("quick", 0): ("blocked", 3),
        ("source", 0): ("blocked", 4),
    }
    assert scene.queues == {"slow": [1, 2]}
    assert (scene.out, scene.lost) == (0, {})


@pytest.mark.parametrize("make", [two_stages, failing, filtering, deadlocked])
def test_in_is_out_and_lost_and_filtered_and_in_flight_at_every_event(make):
    trace = simulate(make, KNOBS).trace
    for time in sorted({event.time for event in trace.events}):
        scene, counts = scene_at(trace, time), trace.counts(time)
        inside = len(scene.workers) + sum(map(len, scene.queues.values()))
        assert (inside, scene.out) == (counts.in_flight, counts.out)
        assert sum(scene.lost.values()) == counts.dropped + counts.failed


def test_the_strip_names_stages_counts_slots_and_says_when():
    strip = strip_of(RUN, 0.45)
    assert {"at 0.45 s", "source", "quick", "slow", "sink", "2 of 2", "blocked"} <= set(
        texts(strip)
    )
    assert {"0", "1", "2", "3"} <= set(texts(strip))


def test_the_texture_says_what_a_worker_does():
    boxes = strip_of(RUN, 0.45).patches
    hatched = [box for box in boxes if box.get_hatch()]
    assert len(hatched) == 2  # the source and the quick stage
    assert palette.stage_colour(1) in {palette_name(box.get_facecolor()) for box in boxes}


def palette_name(colour):
    return "#" + "".join(f"{round(255 * part):02X}" for part in colour[:3])


def test_a_loss_is_told_in_its_colour():
    lost = [
        text
        for text in strip_of(simulate(failing, KNOBS).trace, 0.3).texts
        if "lost" in text.get_text()
    ]
    assert [text.get_text() for text in lost] == ["✕ 1 lost"]
    assert lost[0].get_color() == palette.LOSS


def test_an_item_from_the_cache_is_a_diamond():
    def make(knobs):
        async def look_up(key):
            await asyncio.sleep(1)
            return key

        return Pipeline(Stage(look_up, layers=[Cache()]), Stage(look_up, name="slow")), ["a", "a"]

    trace = simulate(make, KNOBS).trace  # at 1.5 s item 1, a hit, waits behind item 0
    assert "D" not in {line.get_marker() for line in strip_of(trace, 0.5).lines}
    assert "D" in {line.get_marker() for line in strip_of(trace, 1.5).lines}


def test_a_channel_without_a_bound_is_a_bar_with_a_number():
    def make(knobs):
        async def work(item):
            await asyncio.sleep(1)
            return item

        return Pipeline(Stage(work, buffer=math.inf)), range(30)

    assert "29, no bound" in texts(strip_of(simulate(make, KNOBS).trace, 0.5))


def test_where_a_channel_is_not_seen_the_items_before_a_stage_wait():
    shapes = [StageShape("one"), StageShape("two"), StageShape("sink")]
    trace = Trace(shapes)
    for time, kind, item, stage in [
        (0.0, "finished", 0, "source"),
        (0.0, "started", 0, "one"),
        (1.0, "finished", 0, "one"),
        (3.0, "started", 0, "two"),
    ]:
        trace.events.append(Event(time, kind, item, stage))
    assert "1 waiting" in texts(strip_of(trace, 2.0))
    assert scene_at(trace, 2.0).queues == {"two": [0]}


def test_the_moment_is_marked_in_the_panels_below():
    for panel in plot_trace(RUN, moment=0.7).axes[:3]:
        assert any(list(line.get_xdata()) == [0.7, 0.7] for line in panel.lines)
