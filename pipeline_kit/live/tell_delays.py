"""Say in words why an item was late: a sum of its time, and the longest of what was in its way."""

from collections.abc import Iterable, Sequence

from pipeline_kit.live.delays import Delay, Delays
from pipeline_kit.live.describe import seconds
from pipeline_kit.trace import SINK, SOURCE, Trace

MOST_NAMED = 5
"""More items than this are counted rather than named."""


def why(trace: Trace, item: int) -> str:
    """Say in a few sentences where the time of `item` went, and who was in the way.

    Raises:
        KeyError: no such item has entered.
    """
    return tell(trace, item, Delays(trace).of(item))


def tell(trace: Trace, item: int, stretches: Sequence[Delay]) -> str:
    """Say the same of what has been found already."""
    if not stretches:
        return f"Item {item} passed at once: nothing took it any time."
    causes = sorted((d for d in stretches if d.place), key=lambda d: d.seconds, reverse=True)
    return " ".join([_sum_up(trace, item, stretches), *map(_cause, causes[:3])])


def _sum_up(trace: Trace, item: int, stretches: Sequence[Delay]) -> str:
    spent = {"working": 0.0, "waiting": 0.0, "blocked": 0.0}
    for delay in stretches:
        spent[delay.span.state] += delay.seconds
    names = {"working": "of work", "waiting": "waiting", "blocked": "blocked"}
    parts = [f"{seconds(time)} {names[state]}" for state, time in spent.items() if time]
    total = seconds(sum(spent.values()))
    return f"Item {item} {_ending(trace, item)} {total} after it entered: {_listed(parts)}."


def _ending(trace: Trace, item: int) -> str:
    last = next(event for event in reversed(trace.events) if event.item == item)
    if (last.stage, last.kind) == (SINK, "started"):
        return "was out"
    gone = {"failed": "failed", "dropped": "was dropped", "filtered": "was filtered"}
    return gone.get(last.kind, "was still inside")


def _cause(delay: Delay) -> str:
    time, place = seconds(delay.seconds), delay.place
    here = f"At {'the source' if delay.span.stage == SOURCE else delay.span.stage}"
    items, worker, free = _items(delay.behind), place, ""
    if delay.worker is not None:
        worker, free = f"worker {delay.worker} of {place}", ", while another worker was free"
    root = f", held up by {delay.root[0]} with {_items(delay.root[1])}" if delay.root else ""
    if delay.span.state == "waiting":
        behind = f" behind {items}" if items else ""
        return f"Before {worker} it waited {time}{behind}{free}{root}."
    if not items:
        return f"{here} it was blocked for {time}, because nothing was taken by the {place}."
    if place == delay.span.stage:
        return f"{here} it was held for {time}, because it must come out after {items}."
    return f"{here} it was blocked for {time}, because {worker} had {items} in hand{free}{root}."


def _items(numbers: Sequence[int]) -> str:
    if len(numbers) > MOST_NAMED:
        return f"{len(numbers)} items ({numbers[0]} to {numbers[-1]})"
    names = _listed([str(number) for number in numbers])
    return f"{'item' if len(numbers) == 1 else 'items'} {names}" if numbers else ""


def _listed(parts: Iterable[str]) -> str:
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last
