"""Measures: a number that says how a run went, taken from its trace."""

from collections.abc import Callable
from statistics import fmean

from pipeline_kit.trace import SINK, SOURCE, Trace

Measure = Callable[[Trace], float]
"""Takes a number from the trace of a run."""


def throughput(trace: Trace) -> float:
    """Return the items per second that came out, over the whole run."""
    return len(trace.completions(SINK)) / trace.makespan if trace.makespan else 0.0


def latencies(trace: Trace) -> list[float]:
    """Return how long each item that came out was inside, in seconds, in the order of coming out.

    An item is inside from when the source has it ready, so waiting for room counts too.
    """
    entered = {event.item: event.time for event in trace.of(SOURCE, "finished")}
    return [event.time - entered[event.item] for event in trace.of(SINK, "started")]


def latency(trace: Trace) -> float:
    """Return the mean of the `latencies`.

    Raises:
        ValueError: no item came out.
    """
    times = latencies(trace)
    if not times:
        raise ValueError("no item came out, so there is no latency to speak of")
    return fmean(times)


def inside(trace: Trace) -> float:
    """Return how many of the items that came out were inside at a time, on average over the run."""
    return sum(latencies(trace)) / trace.makespan if trace.makespan else 0.0


def lost(trace: Trace) -> int:
    """Return how many items were dropped or failed."""
    counts = trace.counts(trace.makespan)
    return counts.dropped + counts.failed


MEASURES: dict[str, tuple[Measure, str]] = {
    "throughput": (throughput, "items/s"),
    "latency": (latency, "s"),
    "inside": (inside, "items"),
    "makespan": (lambda trace: trace.makespan, "s"),
    "lost": (lost, "items"),
}
"""The measures that can be asked for by name, each with its unit."""
