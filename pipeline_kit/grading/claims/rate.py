"""What a check can claim about a rate limit: a token bucket in front of the first stage.

The bucket is full at the start. Each item that enters takes a token out, `rate` of them flow in per
second, and there is room for `burst`.
"""

from collections.abc import Sequence

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.graded_run import GradedRun


def never_enters_faster(run: GradedRun, stage: str, rate: float, burst: int) -> None:
    """Claim that in any stretch of t seconds at most `burst + rate·t` items enter `stage`."""
    something_came_out(run)
    entered = [event.time for event in run.trace.of(stage, "started")]
    for last, end in enumerate(entered):
        for first, start in enumerate(entered[: last + 1]):
            most = burst + rate * (end - start)
            if last - first + 1 > most:
                when = f"at {end:g} s" if start == end else f"from {start:g} to {end:g} s"
                raise run.unmet(
                    f"{when} {last - first + 1} items entered {stage}; with a rate of {rate:g} per "
                    f"second and a burst of {burst} at most {int(most)} may",
                    at=end,
                )


def never_enters_later(run: GradedRun, stage: str, rate: float, burst: int) -> None:
    """Claim that each item enters `stage` as soon as there is a token, and the stage is free."""
    something_came_out(run)
    world = run.play.world
    free = 0.0
    ready = []
    for event in (events := run.trace.of(stage, "started")):
        ready.append(max(free, world.arrivals[event.item] if world.arrivals else 0.0))
        free = event.time + world.duration(stage, event.item)
    for event, due in zip(events, _bucket(ready, rate, burst), strict=True):
        if event.time > due:
            raise run.unmet(
                f"item {event.item} entered {stage} at {event.time:g} s; with a rate of {rate:g} "
                f"per second and a burst of {burst} it could have at {due:g} s",
                at=event.time,
            )


def refuses(run: GradedRun, argument: str) -> None:
    """Claim that the answer raises ValueError for this argument, before it does anything."""
    given = f"with {argument} = {run.play.world.arguments[argument]:g}"
    fault = run.ended.fault
    if not fault or fault.type != "ValueError":
        how = f"raised {fault.type}" if fault else f"{run.ended.how} at {run.play.now:g} s"
        raise run.unmet(f"{given} your function {how}; it should raise ValueError at once")
    if run.trace.events:
        raise run.unmet(f"{given} your function raised ValueError only after it had begun to work")


def _bucket(ready: Sequence[float], rate: float, burst: int) -> list[float]:
    """Return when each item gets its token, if they come to the bucket at these times."""
    tokens, now = float(burst), 0.0
    times = []
    for time in ready:
        time = max(time, now)
        tokens = min(burst, tokens + rate * (time - now))
        now = time + max(0.0, 1 - tokens) / rate
        tokens = max(0.0, tokens - 1)
        times.append(now)
    return times
