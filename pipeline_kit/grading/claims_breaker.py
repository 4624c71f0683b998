"""What a check can claim about a run with a circuit breaker: when the service is called, and when
it is left alone."""

from collections import Counter
from collections.abc import Iterable

from pipeline_kit.grading.claims import something_came_out
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.outage import SERVICE, Call, OutagePlay


def service_calls(run: GradedRun) -> list[Call]:
    """Return every call of the service, in order."""
    assert isinstance(run.play, OutagePlay)
    return [call for call in run.play.calls if call.name == SERVICE]


def is_left_alone(run: GradedRun, start: float, end: float, because: str) -> None:
    """Claim that no call of the service begins after `start` and before `end`.

    Args:
        run: the run.
        start: from when on, in virtual seconds.
        end: until when.
        because: what happened at `start`, to end a sentence with.
    """
    something_came_out(run)
    for call in service_calls(run):
        if start < call.started < end:
            until = f"until {end:g} s" if end < 10_000 else "for long"
            raise run.unmet(
                f"at {call.started:g} s the service was called for item {call.item}; it was to be "
                f"left alone {until}, as at {start:g} s {because}",
                at=call.started,
            )


def is_tried_with(run: GradedRun, items: Iterable[int], because: str) -> None:
    """Claim that the service is called for each of these items, once.

    Args:
        run: the run.
        items: their numbers.
        because: why it may be called, to end a sentence with.
    """
    something_came_out(run)
    times = Counter(call.item for call in service_calls(run))
    for item in items:
        if not times[item]:
            arrival = run.play.world.arrivals[item]
            text = f"the service was not called for item {item}, which was there at {arrival:g} s: "
            raise run.unmet(text + because, at=arrival)
        if times[item] > 1:
            text = f"the service was called {times[item]} times for item {item}; once was enough"
            raise run.unmet(text)


def comes_out_at_once(run: GradedRun, items: Iterable[int], because: str) -> None:
    """Claim that these items come out at the moment they come in.

    Args:
        run: the run.
        items: their numbers; what is missing is not missed.
        because: why they need not wait, to end a sentence with.
    """
    something_came_out(run)
    out = dict(zip(run.came_out, run.times_out, strict=True))
    for item in items:
        arrival = run.play.world.arrivals[item]
        if out.get(item, arrival) > arrival:
            raise run.unmet(
                f"item {item} was there at {arrival:g} s and came out at {out[item]:g} s, "
                f"although {because}",
                at=arrival,
            )


def only_one_is_tried(run: GradedRun, items: Iterable[int], because: str) -> None:
    """Claim that the service is called for at most one of these items.

    Args:
        run: the run.
        items: their numbers.
        because: why only for one, to end a sentence with.
    """
    something_came_out(run)
    tried = [call for call in service_calls(run) if call.item in items]
    if len(tried) > 1:
        first, second = tried[:2]
        raise run.unmet(
            f"the service was called for item {first.item} at {first.started:g} s and for item "
            f"{second.item} at {second.started:g} s, {because}",
            at=second.started,
        )
