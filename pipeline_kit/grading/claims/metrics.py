"""What a check can claim about the metrics that an answer returns: that they say what happened.

Every figure is compared with what the world has seen.
"""

from collections import Counter
from math import isclose
from typing import Any

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.worlds.faulty import FaultyWorld
from pipeline_kit.trace import SINK, SOURCE


def metrics_of(run: GradedRun) -> dict[str, Any]:
    """Return what the answer returned, claiming that it is a dictionary."""
    something_came_out(run)
    returned = run.ended.returned
    if not isinstance(returned, dict):
        what = "nothing" if returned is None else f"{returned!r:.60}"
        raise run.unmet(f"your function returned {what}; it should return a dictionary of metrics")
    return returned


def figure(run: GradedRun, *path: str) -> Any:
    """Return one of the metrics, claiming that it is there.

    Args:
        run: the run.
        path: the keys that lead to it, from the outermost.
    """
    found: Any = metrics_of(run)
    for depth, key in enumerate(path):
        if not isinstance(found, dict) or key not in found:
            raise run.unmet(f"what your function returned has no {_spelt(path[: depth + 1])}")
        found = found[key]
    return found


def says(run: GradedRun, expected: object, because: str, *path: str) -> None:
    """Claim that a metric has this value; numbers may differ by a millionth.

    Args:
        run: the run.
        expected: the value.
        because: where it comes from, as a sentence.
        path: the keys that lead to it, from the outermost.
    """
    actual = figure(run, *path)
    if not _same(actual, expected):
        raise run.unmet(f"{because}, but {_spelt(path)} is {actual!r:.60}")


def counts_are_right(run: GradedRun) -> None:
    """Claim that `done` and `errors` say how often each stage succeeded and failed."""
    for stage in run.play.world.work:
        done, failed = len(run.trace.completions(stage)), len(run.trace.of(stage, "failed"))
        says(run, done, f"{stage} was done with {done} items", "stages", stage, "done")
        says(run, failed, f"{stage} failed {failed} times", "stages", stage, "errors")


def busy_times_are_right(run: GradedRun) -> None:
    """Claim that `busy` says for how many seconds each stage was at work, also in vain."""
    for stage in run.play.world.work:
        busy = busy_time(run, stage)
        because = f"{stage} was at work for {busy:g} s in all, also counting calls that failed"
        says(run, busy, because, "stages", stage, "busy")


def busy_time(run: GradedRun, stage: str) -> float:
    """Return for how many seconds a stage of one worker was at work."""
    started = sum(event.time for event in run.trace.of(stage, "started"))
    return sum(event.time for event in run.trace.of(stage, "finished", "failed")) - started


def errors_are_told_apart(run: GradedRun) -> None:
    """Claim that `errors` says how many errors of each type there were."""
    assert isinstance(run.play.world, FaultyWorld)
    kinds = Counter(
        run.play.world.faults[event.stage][event.item]
        for event in run.trace.events
        if event.kind == "failed"
    )
    text = ", ".join(f"{number} × {kind}" for kind, number in sorted(kinds.items()))
    says(run, dict(kinds), f"the stages raised {text}", "errors")


def throughput_is_right(run: GradedRun) -> None:
    """Claim that `throughput` says how many results came out per second."""
    out, seconds = len(run.came_out), run.times_out[-1]
    because = f"{out} results had come out by {seconds:g} s, which is {out / seconds:.6g} a second"
    says(run, out / seconds, because, "throughput")


def latency_is_right(run: GradedRun) -> None:
    """Claim that `latency` says how long items took from source to sink, on average."""
    entered = {event.item: event.time for event in run.trace.of(SOURCE, "finished")}
    took = [event.time - entered[event.item] for event in run.trace.of(SINK, "started")]
    mean = sum(took) / len(took)
    because = (
        f"items took from {min(took):g} to {max(took):g} s from the source to the sink, "
        f"{mean:.6g} s on average"
    )
    says(run, mean, because, "latency")


def peak_is_right(run: GradedRun, stage: str) -> None:
    """Claim that `peak` says how many items waited in front of `stage` at most.

    An item that is taken in the moment it comes may count as one that waited, or not.
    """
    metrics_of(run)
    least, most = int(run.trace.depth(stage).maximum), _most_in_passing(run, stage)
    if figure(run, "peak", stage) not in range(least, most + 1):
        says(run, least, f"at most {least} items waited in front of {stage}", "peak", stage)


def progress_is_published(run: GradedRun, interval: float) -> None:
    """Claim that every `interval` seconds, until the end, the number of results was published."""
    something_came_out(run)
    end, told = run.times_out[-1], list(run.play.told)
    due = [n * interval for n in range(1, int(end / interval) + 1) if n * interval < end]
    for number, time in enumerate(due):
        before, after = (sum(out < time for out in run.times_out), _out_by(run, time))
        expected = f"at {time:g} s, {after} results had come out"
        if number >= len(told):
            raise run.unmet(f"{expected}, but publish was not called", at=time)
        if told[number].time != time or not before <= told[number].value <= after:
            actual = f"publish({told[number].value}) was called at {told[number].time:g} s"
            raise run.unmet(f"{expected}, but {actual}", at=time)
    if late := [each for each in told[len(due) :] if each.time > end]:
        text = f"publish was called at {late[0].time:g} s, after the last result, at {end:g} s"
        raise run.unmet(text, at=end)


def _out_by(run: GradedRun, time: float) -> int:
    return sum(out <= time for out in run.times_out)


def _most_in_passing(run: GradedRun, stage: str) -> int:
    """Return the greatest number of items that waited, counting those taken at once."""
    before = [*run.play.world.work][[*run.play.world.work].index(stage) - 1]
    steps = {(before, "finished"): 1, (stage, "started"): -1}
    changes = [steps.get((event.stage, event.kind), 0) for event in run.trace.events]
    return max(sum(changes[: n + 1]) for n in range(len(changes)))


def _same(actual: object, expected: object) -> bool:
    if isinstance(actual, bool) or not isinstance(actual, int | float):
        return actual == expected
    if not isinstance(expected, int | float) or abs(actual) > 1e12:
        return False
    return isclose(actual, expected, rel_tol=1e-6, abs_tol=1e-6)


def _spelt(path: tuple[str, ...]) -> str:
    return "".join(f'["{key}"]' for key in path)
