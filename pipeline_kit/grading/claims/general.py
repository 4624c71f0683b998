"""What a check can claim about a run, in the words of pipelines.

Each claim is a function that returns if it holds, and otherwise raises `Unmet` with what happened
instead: which item, where, at which virtual time. Items are counted from 0, as in the pictures.
"""

from collections import Counter
from itertools import pairwise

from pipeline_kit.grading.explain import describe_fault, describe_tasks, has_failed, overlooked
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SINK, SOURCE


def something_came_out(run: GradedRun) -> None:
    """Claim that the sink got at least one result, without which no other claim means much."""
    if not run.came_out:
        for surprise in run.play.surprises:
            raise run.unmet(f"at {surprise.time:g} s {surprise.text}", at=surprise.time)
        how = "returned" if run.ended.how == "returned" else "ended"
        more = f"; {missed}" if (missed := overlooked(run)) else ""
        raise run.unmet(f"nothing had reached the sink when your function {how}{more}")


def every_item_comes_out_once(run: GradedRun) -> None:
    """Claim that each item reaches the sink exactly once, and nothing else does."""
    something_came_out(run)
    expected = len(run.play.world.items)
    times = Counter(run.came_out)
    missing = [item for item in range(expected) if not times[item]]
    twice = [item for item in times if times[item] > 1]
    if missing:
        where, last_seen = _whereabouts(run, missing[0])
        text = f"item {missing[0]} (of {expected}, from 0) never reached the sink: {where}"
        text += f"; {more}" if (more := overlooked(run)) else ""
        raise run.unmet(text, at=last_seen)
    if twice:
        text = f"item {twice[0]} reached the sink {times[twice[0]]} times"
        raise run.unmet(text, at=_times_at_sink(run, twice[0])[1])
    for surprise in run.play.surprises:
        raise run.unmet(f"at {surprise.time:g} s {surprise.text}", at=surprise.time)


def each_item_passes_all_stages_in_order(run: GradedRun) -> None:
    """Claim that whatever reaches the sink has been through each stage once, first to last."""
    something_came_out(run)
    wanted = [SOURCE, *run.play.world.work, SINK]
    for item in sorted(set(run.came_out)):
        events = [e for e in run.trace.events if e.item == item]
        path = [e.stage for e in events if e.kind == "started" or e.stage == SOURCE]
        path = path[: path.index(SINK) + 1]
        if path != wanted:
            text = f"item {item} went {' → '.join(path)}, not {' → '.join(wanted)}"
            raise run.unmet(text, at=_times_at_sink(run, item)[0])


def order_is_kept(run: GradedRun) -> None:
    """Claim that results reach the sink in the order in which the source yielded their items."""
    something_came_out(run)
    for (earlier, later), time in zip(pairwise(run.came_out), run.times_out[1:], strict=True):
        if later < earlier:
            raise run.unmet(
                f"at {time:g} s item {later} reached the sink, after item {earlier}, "
                "although it had left the source before it",
                at=time,
            )


def results_come_out_at(run: GradedRun, times: list[float], because: str) -> None:
    """Claim that the results reach the sink at exactly these times, in virtual seconds.

    Args:
        run: the run.
        times: when the first, the second, … should come; a result that is missing is not missed.
        because: why then, to end a sentence with.
    """
    something_came_out(run)
    for item, actual, expected in zip(run.came_out, run.times_out, times, strict=False):
        if actual != expected:
            raise run.unmet(
                f"item {item} reached the sink at {actual:g} s instead of {expected:g} s, "
                f"which is when it comes {because}",
                at=min(actual, expected),
            )


def one_item_at_a_time(run: GradedRun, stage: str) -> None:
    """Claim that `stage` never works on two items at the same time."""
    something_came_out(run)
    events = run.trace.of(stage, "started", "finished", "failed")
    at_work = Steps.accumulate((e.time, 1 if e.kind == "started" else -1) for e in events)
    if (most := at_work.maximum) > 1:
        time = at_work.times[at_work.values.index(most)]
        text = f"at {time:g} s {stage} was at work on {most:g} items at the same time"
        raise run.unmet(text, at=time)


def at_most_waiting(run: GradedRun, stage: str, limit: int, because: str) -> None:
    """Claim that never more than `limit` items stand between `stage` and the one before it.

    These are the items that the stage before has finished (the source: yielded) and `stage` has
    not started (the sink: taken).
    """
    something_came_out(run)
    depth = run.trace.depth(stage)
    if depth.maximum > limit:
        over = next(i for i, value in enumerate(depth.values) if value > limit)
        raise run.unmet(
            f"at {depth.times[over]:g} s there were {depth.values[over]:g} items waiting for "
            f"{stage}, and {depth.maximum:g} at the worst; at most {limit} may, {because}",
            at=depth.times[over],
        )


def sink_is_closed_once_at_the_end(run: GradedRun) -> None:
    """Claim that the answer closes the sink exactly once, and after the last result."""
    something_came_out(run)
    closed = run.play.closed
    if not closed:
        raise run.unmet(
            "your function returned without closing the sink: whoever reads there waits on"
        )
    if run.play.late:
        raise run.unmet(
            f"the sink was closed at {closed[0]:g} s, "
            f"and item {run.play.late[0]} was sent to it after that",
            at=_times_at_sink(run, run.play.late[0])[-1],
        )
    if len(closed) > 1:
        text = f"the sink was closed {len(closed)} times, at {closed[0]:g} s for the first"
        raise run.unmet(text, at=closed[1])


def the_error_reaches_the_caller(run: GradedRun) -> None:
    """Claim that the run ends with the exception of the stage or source that failed."""
    assert run.play.world.failing
    failed, item = run.play.world.failing
    if not has_failed(run):
        something_came_out(run)
        raise run.unmet(f"{failed} was never asked for item {item}, on which it fails")
    failures = [event.time for event in run.trace.of(failed, "failed")]
    when = f"at {failures[0]:g} s " if failures else ""
    failure = f"{when}{failed} failed on item {item}"
    if not run.ended.fault:
        text = f"{failure}, but your function returned as if nothing had happened"
        raise run.unmet(text, at=failures[0] if failures else None)
    if not any(run.play.world.error in cause for cause in run.ended.fault.causes):
        instead = describe_fault(run.ended.fault, run.play.now)
        raise run.unmet(f"{failure}, but that error never reached the caller: {instead}")


def ends_at_once_when_cancelled(run: GradedRun) -> None:
    """Claim that a cancellation from outside ends the run at that moment, as a cancellation.

    Cancel after the first result is due, or there is none to show that the answer was at work.
    """
    something_came_out(run)
    moment = run.play.world.cancel_at
    if run.ended.how != "cancelled":
        raise run.unmet(f"cancelled at {moment:g} s, your function returned as if it had finished")
    if run.play.now != moment:
        text = f"cancelled at {moment:g} s, your function went on until {run.play.now:g} s"
        raise run.unmet(text, at=moment)


def no_task_is_left(run: GradedRun) -> None:
    """Claim that every task that the answer has started has ended when the answer does."""
    if run.ended.tasks:
        raise run.unmet(
            f"when your function was over, at {run.play.now:g} s, "
            f"tasks that it had started were still there:\n{describe_tasks(run.ended.tasks)}"
        )


def no_timer_is_left(run: GradedRun) -> None:
    """Claim that every timer that the answer has set has gone off, or been cancelled."""
    if run.ended.timers:
        raise run.unmet(
            f"when your function was over, at {run.play.now:g} s, a timer that it had set by "
            "`call_later` or `call_at` was still to go off: whoever sets one must cancel it"
        )


def _whereabouts(run: GradedRun, item: int) -> tuple[str, float | None]:
    """Return where an item was seen last, and when."""
    events = [e for e in run.trace.events if e.item == item]
    if not events:
        return "it was never taken from the source", None
    last = events[-1]
    if last.note == "cancelled":
        return f"its call of {last.stage} was cancelled at {last.time:g} s", last.time
    deed = "yielded" if last.stage == SOURCE else last.kind
    text = f"the last that was seen of it is that {last.stage} {deed} it at {last.time:g} s"
    return text, last.time


def _times_at_sink(run: GradedRun, item: int) -> list[float]:
    return [event.time for event in run.trace.of(SINK, "started") if event.item == item]
