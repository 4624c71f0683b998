"""The scene: where all items of a run are at one moment."""

from dataclasses import dataclass, field

from pipeline_kit.trace import SINK, SOURCE, Event, Trace


@dataclass
class Scene:
    """Where all items are at one moment."""

    queues: dict[str, list[int]] = field(default_factory=dict)
    """The items in front of a stage, the first to leave first."""
    workers: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    """State and item of each worker that has one, by stage and number."""
    out: int = 0
    """Items that have come out so far."""
    lost: dict[str, int] = field(default_factory=dict)
    """Items that each stage has lost so far."""


def scene_at(trace: Trace, time: float) -> Scene:
    """Return where the items of `trace` are at `time`, in seconds."""
    scene = Scene()
    names = [SOURCE, *(shape.name for shape in trace.stages)]
    has_queues = any(event.kind == "queued" for event in trace.events)
    last: dict[int, Event] = {}
    for event in trace.events:
        if event.time <= time:
            last.pop(event.item, None)  # so that the order is that of the last events
            last[event.item] = event
    for item, event in last.items():
        if event.kind in ("failed", "dropped"):
            scene.lost[event.stage] = scene.lost.get(event.stage, 0) + 1
        elif (event.stage, event.kind) == (SINK, "started"):
            scene.out += 1
        elif event.kind == "queued" or (event.kind == "finished" and not has_queues):
            after = event.kind == "finished"  # without `queued` events: it waits somewhere there
            scene.queues.setdefault(names[names.index(event.stage) + after], []).append(item)
        elif event.kind in ("started", "finished"):
            state = "working" if event.kind == "started" else "blocked"
            scene.workers[event.stage, event.worker] = (state, item)
    return scene
