"""What a check can claim about a circuit breaker: when it lets the service be called, and when not.

All is read from the calls that the world has seen; what the answer calls its states is its own.
"""

from collections.abc import Iterable

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.worlds.outage import SERVICE, Call, OutagePlay


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
    """Claim that the service is called for each of these items.

    Args:
        run: the run.
        items: their numbers.
        because: why it may be called, to end a sentence with.
    """
    something_came_out(run)
    tried = {call.item for call in service_calls(run)}
    for item in items:
        if item not in tried:
            arrival = run.play.world.arrivals[item]
            text = f"the service was not called for item {item}, which was there at {arrival:g} s: "
            raise run.unmet(text + because, at=arrival)


def none_is_tried_twice(run: GradedRun) -> None:
    """Claim that the service is called for no item more than once."""
    something_came_out(run)
    tried = set()
    for call in service_calls(run):
        if call.item in tried:
            text = f"at {call.started:g} s the service was called for item {call.item} once more; "
            raise run.unmet(f"{text}after a failure it gets the fallback", at=call.started)
        tried.add(call.item)


def nothing_begins_at(run: GradedRun, moment: float, because: str) -> None:
    """Claim that neither the service nor the fallback is called at this moment.

    Args:
        run: the run.
        moment: in virtual seconds.
        because: what happened then, to end a sentence with.
    """
    assert isinstance(run.play, OutagePlay)
    for call in run.play.calls:
        if call.started == moment:
            text = (
                f"at {moment:g} s the {call.name} was called for item {call.item}, when {because}"
            )
            raise run.unmet(text, at=moment)


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


def only_one_is_tried(run: GradedRun, start: float) -> None:
    """Claim that after `start`, when one trial is allowed, no other call begins before it ends."""
    something_came_out(run)
    trial, *others = [call for call in service_calls(run) if call.started >= start]
    for call in others:
        if call.started < trial.ended:
            raise run.unmet(
                f"at {call.started:g} s the service was called for item {call.item}, while the "
                f"trial with item {trial.item}, from {trial.started:g} to {trial.ended:g} s, was "
                "not yet over",
                at=call.started,
            )
