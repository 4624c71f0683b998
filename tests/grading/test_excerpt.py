"""The drawing in text shows what the picture shows, up to the moment and no further."""

from pipeline_kit.grading.display.excerpt import excerpt
from pipeline_kit.trace import SINK, SOURCE, Event, StageShape, Trace


def trace_of(*events: Event, workers: int = 1) -> Trace:
    return Trace([StageShape("work", workers), StageShape(SINK)], list(events))


def drawn(trace: Trace, at: float) -> dict[str, str]:
    """Return the lines by name, without the axis."""
    return {line[:10].strip(): line[11:] for line in list(excerpt(trace, at))[:-1]}


ONE_BY_ONE = trace_of(
    Event(0, "finished", 0, SOURCE),
    Event(0, "started", 0, "work"),
    Event(3, "finished", 0, "work"),
    Event(3, "started", 0, SINK),
    Event(3, "finished", 1, SOURCE),
    Event(3, "started", 1, "work"),
    Event(6, "finished", 1, "work"),
)


def test_a_bar_lasts_as_long_as_the_work_and_stops_at_the_moment() -> None:
    lines = drawn(ONE_BY_ONE, 4.5)
    assert lines["work"] == "0" + "═" * 38 + "1" + "═" * 19
    assert lines["source"].index("1") == lines["sink"].index("0") == 39


def test_the_axis_says_from_when_to_when() -> None:
    assert list(excerpt(ONE_BY_ONE, 4.5))[-1].split() == ["0", "s", "4.5", "s"]


def test_only_the_last_instants_are_drawn() -> None:
    events = [Event(n, "finished", n, SOURCE) for n in range(100)]
    lines = list(excerpt(trace_of(*events), 98.0))
    assert lines[-1].split() == ["91", "s", "98", "s"]
    assert lines[0].split() == ["source", *map(str, range(91, 99))]


def test_items_that_pile_up_are_counted() -> None:
    events = [Event(0, "finished", n, SOURCE) for n in range(5)]
    lines = drawn(trace_of(*events, Event(1, "started", 0, "work")), 1.0)
    assert lines["source"] == "0…4"
    assert lines["waiting"].split() == ["5", "4"]
    assert "waiting" not in drawn(ONE_BY_ONE, 6.0)


def test_failed_work_is_crossed_out() -> None:
    events = Event(0, "started", 0, "work"), Event(2, "failed", 0, "work", note="failed")
    assert drawn(trace_of(*events), 2.0)["work"].endswith("═✕")


def test_each_worker_has_a_line() -> None:
    events = (
        Event(0, "started", 0, "work", 0),
        Event(0, "started", 1, "work", 1),
        Event(1, "finished", 1, "work", 1),
    )
    lines = drawn(trace_of(*events, workers=2), 1.0)
    assert lines["work 0"][0] == "0"
    assert lines["work 1"][0] == "1"


def test_a_moment_at_which_nothing_has_happened_yet_is_drawn_empty() -> None:
    assert drawn(ONE_BY_ONE, -1.0) == {"source": "", "work": "", "sink": ""}
