"""What a check can claim about items that fail: they are lost, told of, and harm no other."""

from collections import Counter
from collections.abc import Mapping

from pipeline_kit.grading.explain import overlooked
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.worlds.failing import FailingPlay, ReportedItem
from pipeline_kit.trace import SINK


def only_these_are_lost(run: GradedRun, lost: Mapping[int, str]) -> None:
    """Claim that these items, with what each fails at, never come out, and all others once."""
    times = Counter(run.came_out)
    for item in range(len(run.play.world.items)):
        if item in lost and times[item]:
            at = next(e.time for e in run.trace.of(SINK, "started") if e.item == item)
            text = f"item {item} came out at {at:g} s, although it {_fate(lost[item])}"
            raise run.unmet(text, at=at)
        if item not in lost and not times[item]:
            others = ", ".join(f"item {other} {_fate(place)}" for other, place in lost.items())
            text = f"item {item} never came out, and nothing was wrong with it: {others}"
            raise run.unmet(text, at=_last_seen(run, item))
        if times[item] > 1:
            raise run.unmet(f"item {item} came out {times[item]} times")
    _nothing_else_came_out(run)


def each_is_reported_once(run: GradedRun, lost: Mapping[int, str]) -> None:
    """Claim that `errors` got each of these items once, with its error, and nothing else.

    Args:
        run: the run.
        lost: for each item that fails, where: at a stage, or by a `"timeout"`.
    """
    play = _play_of(run)
    open_yet = dict(lost)
    for report in play.reports:
        item = _item_of(run, report, open_yet)
        failed_at = _last_seen(run, item)
        if report.time < failed_at:
            text = f"item {item} was reported at {report.time:g} s, but work on it went on"
            raise run.unmet(f"{text} until {failed_at:g} s", at=report.time)
        if report.time > failed_at:
            text = f"item {item} {_fate(lost[item])} at {failed_at:g} s, and was only reported at"
            raise run.unmet(f"{text} {report.time:g} s", at=failed_at)
        if report.cause != open_yet.pop(item):
            cause = f"an error of {report.cause}" if report.cause else "an error of your own"
            text = f"at {report.time:g} s item {item} was reported with {cause}"
            raise run.unmet(f"{text}, but it {_fate(lost[item])}", at=report.time)
    if open_yet:
        item, place = next(iter(open_yet.items()))
        when = _last_seen(run, item)
        why = f"; {missed}" if (missed := overlooked(run)) else ""
        text = f"item {item} {_fate(place)}, at {when:g} s, and `errors` was never told{why}"
        raise run.unmet(text, at=when)


def is_tried(run: GradedRun, stage: str, item: int, times: int) -> None:
    """Claim that `stage` works on `item` exactly so many times."""
    first = [event.time for event in run.trace.of(stage, "started") if event.item == item]
    again = [mark.time for mark in run.trace.marks if (mark.stage, mark.item) == (stage, item)]
    tries = sorted(first + again)
    if len(tries) > times:
        text = f"at {tries[times]:g} s {stage} was called with item {item} again, after {times}"
        raise run.unmet(f"{text} of {times} tries", at=tries[times])
    if len(tries) < times:
        text = f"item {item} was not tried again after {len(tries)} of {times} tries at {stage}"
        raise run.unmet(text, at=_last_seen(run, item))


def errors_are_closed_once_at_the_end(run: GradedRun) -> None:
    """Claim that the answer closes `errors` exactly once, and after the last report."""
    play = _play_of(run)
    closed = play.errors_closed
    if not closed:
        text = "your function ended without closing `errors`: whoever reads there waits on"
        raise run.unmet(text)
    for late in play.late_reports:
        text = f"`errors` was closed at {closed[0]:g} s, and only after that"
        raise run.unmet(f"{text}, at {late.time:g} s, told of an error", at=late.time)
    if len(closed) > 1:
        raise run.unmet(f"`errors` was closed {len(closed)} times", at=closed[1])


def _item_of(run: GradedRun, report: ReportedItem, open_yet: Mapping[int, str]) -> int:
    """Return which of the items that are still to be reported this is about."""
    items = run.play.world.items
    for item in open_yet:
        if items[item] == report.value:
            return item
    when = f"at {report.time:g} s `errors` was told that {report.value} had failed"
    owner = _play_of(run).owner(report.value)
    if owner is None:
        reason = "which is no item of the source, nor made of one"
    elif items[owner] != report.value:
        reason = f"which a stage had made of item {owner}; the source yielded it as {items[owner]}"
    else:
        reason = f"which is item {owner}: that had not failed for good, or been reported before"
    raise run.unmet(f"{when}, {reason}", at=report.time)


def _fate(place: str) -> str:
    return "ran out of time" if place == "timeout" else f"failed at {place}"


def _nothing_else_came_out(run: GradedRun) -> None:
    if run.play.surprises:
        surprise = run.play.surprises[0]
        raise run.unmet(f"at {surprise.time:g} s {surprise.text}", at=surprise.time)


def _last_seen(run: GradedRun, item: int) -> float:
    return next((e.time for e in reversed(run.trace.events) if e.item == item), 0.0)


def _play_of(run: GradedRun) -> FailingPlay:
    assert isinstance(run.play, FailingPlay)
    return run.play
