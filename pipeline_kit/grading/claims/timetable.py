"""When each item should come out: the timetable of stages in a row with bounded buffers between."""

from collections.abc import Sequence


def timetable(
    arrivals: Sequence[float], work: Sequence[Sequence[float]], buffer: int
) -> list[float]:
    """Return when each item leaves the last stage, in seconds.

    A stage works on one item at a time, in order. When it is done and there is no room behind it,
    it keeps the item and waits (in queueing theory: a tandem queue with blocking after service).
    So an item leaves a stage once it is done and the item `buffer + 1` before it has left the next
    one. The source holds all items that have arrived, and the last stage never waits.

    Args:
        arrivals: when each item is there to be taken from the source.
        work: for each stage, how long it works on each item.
        buffer: how many items find room between two stages.
    """
    stages, items = len(work), len(arrivals)
    left = [[0.0] * items for _ in range(stages)]
    for item in range(items):
        ready = arrivals[item]
        for stage in range(stages):
            free = left[stage][item - 1] if item else 0.0
            done = max(ready, free) + work[stage][item]
            behind = item - buffer - 1
            blocked = left[stage + 1][behind] if stage + 1 < stages and behind >= 0 else 0.0
            ready = left[stage][item] = max(done, blocked)
    return left[-1]
