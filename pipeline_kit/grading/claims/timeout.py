"""What a check can claim about time limits: work is cut off when it must be, and not before."""

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.explain import describe_fault, problem_with
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.worlds.failing import FailingPlay


def is_cut_off(run: GradedRun, stage: str, item: int, after: float) -> None:
    """Claim that `stage` began with `item`, and was cancelled `after` so many seconds."""
    something_came_out(run)
    events = [e for e in run.trace.of(stage, "started", "finished", "failed") if e.item == item]
    if not events:
        raise run.unmet(f"item {item} never came to {stage}")
    start, end = events[0].time, events[1] if len(events) > 1 else None
    due = start + after
    began = f"{stage} began with item {item} at {start:g} s, and may take {after:g} s"
    if end is None:
        text = "it was still at work when your function ended: it has not been cancelled"
        raise run.unmet(f"{began}; {text}", at=due)
    if end.kind == "finished":
        raise run.unmet(f"{began}; it went on until it was done, at {end.time:g} s", at=end.time)
    if end.time != due:
        raise run.unmet(f"{began}; it was cancelled at {end.time:g} s, not at {due:g} s", at=due)


def nothing_is_given_up(run: GradedRun) -> None:
    """Claim that no work is cut off and nothing reported, in a run in which all are in time."""
    something_came_out(run)
    cut_off = [e for e in run.trace.events if e.note == "cancelled"]
    if cut_off:
        first = cut_off[0]
        start = max(e.time for e in run.trace.of(first.stage, "started") if e.item == first.item)
        may = run.play.world.arguments["stage_timeout"]
        raise run.unmet(
            f"at {first.time:g} s {first.stage} was cancelled, after {first.time - start:g} s of "
            f"work on item {first.item}; it may take {may:g} s",
            at=first.time,
        )
    assert isinstance(run.play, FailingPlay)
    for report in run.play.reports:
        item = run.play.owner(report.value)
        text = f"at {report.time:g} s item {item} was given up, although all work was in time"
        raise run.unmet(text, at=report.time)


def ends_with_a_timeout_at(run: GradedRun, deadline: float) -> None:
    """Claim that the run ends at the moment of the deadline, and with a TimeoutError."""
    something_came_out(run)
    fault, now = run.ended.fault, run.play.now
    if run.ended.how == "raised" and fault and fault.type == "TimeoutError":
        if now != deadline:
            text = f"your function raised TimeoutError at {now:g} s; the deadline is {deadline:g} s"
            raise run.unmet(text, at=min(now, deadline))
        return
    problem = problem_with(run)
    if problem and (problem.status is not Status.FAILED or run.ended.how == "stopped"):
        raise problem
    instead = (
        describe_fault(fault, now) if fault else f"it returned at {now:g} s, as if it were done"
    )
    text = f"at the deadline, {deadline:g} s, your function should raise TimeoutError; {instead}"
    raise run.unmet(text, at=min(now, deadline))
