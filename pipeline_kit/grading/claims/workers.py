"""What a check can claim about a stage that works on several items at the same time."""

import heapq

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK


def at_most_at_work(run: GradedRun, stage: str, workers: int) -> None:
    """Claim that `stage` never works on more than `workers` items at the same time."""
    something_came_out(run)
    events = run.trace.of(stage, "started", "finished", "failed")
    at_work = Steps.accumulate((e.time, 1 if e.kind == "started" else -1) for e in events)
    if (most := at_work.maximum) > workers:
        time = at_work.times[at_work.values.index(most)]
        text = f"at {time:g} s {most:g} items were worked on at once; `workers` is {workers}"
        raise run.unmet(text, at=time)


def no_worker_idles(run: GradedRun, stage: str, workers: int) -> None:
    """Claim that no item waits for `stage`, its first, while one of its `workers` is free.

    So each item starts when it has arrived and the first worker is free, which is list scheduling
    (R. L. Graham, 1966); how long the run takes follows from that.
    """
    something_came_out(run)
    world = run.play.world
    free_from = [0.0] * workers
    for event in run.trace.of(stage, "started"):
        free = heapq.heappop(free_from)
        due = max(free, world.arrivals[event.item] if world.arrivals else 0.0)
        if event.time > due:
            raise run.unmet(
                f"item {event.item} was started at {event.time:g} s; it could have been at "
                f"{due:g} s, when one of the {workers} workers was free and the item was there",
                at=event.time,
            )
        heapq.heappush(free_from, event.time + world.duration(stage, event.item))


def results_come_out_when_done(run: GradedRun, stage: str) -> None:
    """Claim that each item reaches the sink at the moment at which `stage`, the last, is done."""
    something_came_out(run)
    done = {event.item: event.time for event in run.trace.of(stage, "finished")}
    for event in run.trace.of(SINK, "started"):
        if event.time != done.get(event.item, event.time):
            raise run.unmet(
                f"item {event.item} was done at {done[event.item]:g} s, but its result reached the "
                f"sink at {event.time:g} s",
                at=event.time,
            )
