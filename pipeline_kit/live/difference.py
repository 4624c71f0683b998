"""Find where two runs of the same items part, and say so.

Of each item the last thing that happened to it says where it is. The first moment at which some
item is elsewhere in one run than in the other is their first difference; all others follow from it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline_kit.live.describe import seconds
from pipeline_kit.trace import SINK, SOURCE, Event, Trace

ALIKE_TO = 9
"""Decimals of a second to which times are alike: the same sum may come out a little different."""

Places = dict[int, tuple[str, str, int]]
"""What happened last to each item: the kind of event, the stage, the worker."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first moment at which two runs are not the same."""

    time: float
    """Seconds since the runs began."""
    item: int
    """The first item that is elsewhere."""
    where: tuple[str, str]
    """Where it is in the one run and in the other, in words that follow "it"."""

    def sentence(self, labels: Sequence[str]) -> str:
        """Say what the difference is, calling the runs by their `labels`."""
        places = (f"{label}: it {at}" for label, at in zip(labels, self.where, strict=True))
        return f"The runs part at {seconds(self.time)}, over item {self.item}. {'; '.join(places)}."


def first_difference(one: Trace, other: Trace) -> Difference | None:
    """Return where two runs part, None if they are the same to the end.

    What happens at one instant has no order here: only where the items are after it counts.
    """
    happenings = _by_instant(one), _by_instant(other)
    now: tuple[Places, Places] = ({}, {})
    for time in sorted({*happenings[0], *happenings[1]}):
        touched = {e.item for events in happenings for e in events.get(time, ())}
        for places, events in zip(now, happenings, strict=True):
            places.update({e.item: (e.kind, e.stage, e.worker) for e in events.get(time, ())})
        # All other items are where they were, and were where the other run had them too.
        elsewhere = [item for item in touched if now[0].get(item) != now[1].get(item)]
        if elsewhere:
            item = min(elsewhere)
            where = _where(now[0].get(item)), _where(now[1].get(item))
            return Difference(time, item, where)
    return None


def _by_instant(trace: Trace) -> dict[float, list[Event]]:
    instants: dict[float, list[Event]] = defaultdict(list)
    for event in trace.events:
        instants[round(event.time, ALIKE_TO)].append(event)
    return instants


def _where(place: tuple[str, str, int] | None) -> str:
    """Say where an item is, given what happened to it last."""
    if place is None:
        return "has not entered yet"
    kind, stage, worker = place
    if stage == SINK:
        return "is out" if kind == "started" else "waits among the results"
    if stage == SOURCE:
        return "is held at the source"
    by = f"{stage} (worker {worker})" if worker else stage
    return {
        "queued": f"waits before {stage}",
        "started": f"is worked on by {by}",
        "finished": f"is finished at {by}, but held",
        "filtered": f"has been filtered by {by}",
        "failed": f"has failed at {by}",
        "dropped": f"has been dropped before {stage}",
    }[kind]
