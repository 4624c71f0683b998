"""What a check can claim about a run that holds itself back: how many items are on the way when.

An item is on the way from when the source yields it until the sink takes it.
"""

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.trace import SINK, SOURCE


def on_the_way(run: GradedRun) -> list[tuple[float, int]]:
    """Return when the number of items on the way changed, and to what, in order."""
    changes = [
        (event.time, 1 if event.stage == SOURCE else -1)
        for event in run.trace.events
        if (event.stage, event.kind) in ((SOURCE, "finished"), (SINK, "started"))
    ]
    return [
        (time, sum(step for _, step in changes[: n + 1])) for n, (time, _) in enumerate(changes)
    ]


def at_most_on_the_way(run: GradedRun, high: int) -> None:
    """Claim that never more than `high` items are on the way."""
    something_came_out(run)
    worst = max(count for _, count in on_the_way(run))
    over = [time for time, count in on_the_way(run) if count > high]
    if over:
        raise run.unmet(
            f"at {over[0]:g} s {high + 1} items were on the way, and {worst} at the worst; "
            f"at most high = {high} may be",
            at=over[0],
        )


def nothing_is_taken_too_early(run: GradedRun, high: int, low: int) -> None:
    """Claim that after `high` has been reached, no item is taken before `low` is."""
    something_came_out(run)
    pressed, before = False, 0
    for time, count in on_the_way(run):
        if pressed and count > before:
            raise run.unmet(
                f"at {time:g} s an item was taken while {before} were on the way; since there had "
                f"been high = {high}, none may be taken before there are only low = {low}",
                at=time,
            )
        pressed = count >= high or (pressed and count > low)
        before = count


def nothing_is_taken_too_late(run: GradedRun, high: int, low: int) -> None:
    """Claim that items are taken as soon as they may be, if the source has all from the start."""
    something_came_out(run)
    taken = run.trace.completions(SOURCE)
    due = _due(run, high, low)
    for item, (actual, expected) in enumerate(zip(taken, due, strict=False)):
        if actual > expected:
            there = min(item, high) if expected == 0 else low
            raise run.unmet(
                f"item {item} was taken at {actual:g} s, but could have been at {expected:g} s: "
                f"only {there} were on the way then",
                at=expected,
            )


def pressure_is_told(run: GradedRun, high: int, low: int) -> None:
    """Claim that `pressure` is told True whenever `high` is reached, then False when `low` is."""
    something_came_out(run)
    due: list[tuple[float, bool]] = []
    for time, count in on_the_way(run):
        pressed = bool(due) and due[-1][1]
        if (count <= low) if pressed else (count >= high):
            due.append((time, not pressed))
    told = [(each.time, bool(each.value)) for each in run.play.told]
    for actual, expected in zip([*told, None], [*due, None], strict=False):
        if actual != expected:
            moment = min(each[0] for each in (actual, expected) if each)
            raise run.unmet(f"{_expected(expected, high, low)}, but {_actual(actual)}", at=moment)


def _due(run: GradedRun, high: int, low: int) -> list[float]:
    """Return when each item may be taken, given when results have come out."""
    due = [0.0] * high
    for out, time in enumerate(run.times_out, start=1):
        if len(due) - out == low:
            due += [time] * (high - low)
    return due


def _expected(due: tuple[float, bool] | None, high: int, low: int) -> str:
    if due is None:
        return "there was nothing more to tell"
    bound = f"high = {high}" if due[1] else f"only low = {low}"
    return f"at {due[0]:g} s there were {bound} on the way: time to call pressure({due[1]})"


def _actual(told: tuple[float, bool] | None) -> str:
    return (
        "that was not told" if told is None else f"at {told[0]:g} s you called pressure({told[1]})"
    )
