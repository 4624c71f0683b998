"""What a check can claim about a run with a cache: who asked the service, when, and what for."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from pipeline_kit.grading.claims.general import something_came_out
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.worlds.keyed import KeyedPlay, Lookup
from pipeline_kit.steps import Steps
from pipeline_kit.trace import SOURCE


def lookups_of(run: GradedRun) -> list[Lookup]:
    """Return every time that the service was asked, in order."""
    assert isinstance(run.play, KeyedPlay)
    return run.play.lookups


def looked_up_at_most(run: GradedRun, most: Mapping[int, int], because: str = "") -> None:
    """Claim that no key is looked up more often than `most` says.

    Args:
        run: the run.
        most: for each key, how many lookups there may be.
        because: why so many, to end a sentence with.
    """
    something_came_out(run)
    for key, allowed in most.items():
        starts = [lookup.started for lookup in lookups_of(run) if lookup.key == key]
        if len(starts) > allowed:
            times = ", then ".join(f"at {start:g} s" for start in starts[:3])
            enough = "once is enough" if allowed == 1 else f"{allowed} times are enough"
            more = f", {because}" if because else ""
            raise run.unmet(f"key {key} was looked up {times}; {enough}{more}", at=starts[allowed])


def hits_come_out_at_once(run: GradedRun, items: Collection[int]) -> None:
    """Claim that these items, whose result is known, come out when they come in."""
    something_came_out(run)
    arrivals = run.play.world.arrivals
    for item, time in zip(run.came_out, run.times_out, strict=True):
        if item in items and time > arrivals[item]:
            key = run.play.world.items[item]
            raise run.unmet(
                f"item {item} (key {key}) was there at {arrivals[item]:g} s and came out at "
                f"{time:g} s, although the result of its key had been looked up before",
                at=arrivals[item],
            )


def at_most_at_once(run: GradedRun, workers: int) -> None:
    """Claim that there are never more lookups going on than there are workers."""
    something_came_out(run)
    starts = [(lookup.started, 1) for lookup in lookups_of(run)]
    ends = [(lookup.finished, -1) for lookup in lookups_of(run) if lookup.finished is not None]
    going_on = Steps.accumulate(starts + ends)
    if (most := going_on.maximum) > workers:
        time = going_on.times[going_on.values.index(most)]
        raise run.unmet(
            f"at {time:g} s {most:g} lookups went on at once, for {workers} workers", at=time
        )


def results_are_fresh(run: GradedRun) -> None:
    """Claim that no item gets a result that was looked up before a change that came before it."""
    something_came_out(run)
    entered = {e.item: e.time for e in run.trace.of(SOURCE, "finished")}
    for lookup in lookups_of(run):
        for item in lookup.serves:
            if changed := _changes(run, lookup, entered[item]):
                raise run.unmet(
                    f"item {item} came in at {entered[item]:g} s and was given what a lookup had "
                    f"begun to read at {lookup.started:g} s, but the data of key {lookup.key} had "
                    f"changed at {changed[0]:g} s",
                    at=entered[item],
                )


def not_looked_up_again(run: GradedRun, keys: Iterable[int], because: str) -> None:
    """Claim that of these keys each is looked up only once.

    Args:
        run: the run.
        keys: those whose result is to be kept.
        because: what should have been forgotten instead, to end a sentence with.
    """
    something_came_out(run)
    times = Counter(lookup.key for lookup in lookups_of(run))
    for key in keys:
        if times[key] > 1:
            again = [lookup.started for lookup in lookups_of(run) if lookup.key == key][1]
            raise run.unmet(
                f"at {again:g} s key {key} had to be looked up again, but {because}", at=again
            )


def _changes(run: GradedRun, lookup: Lookup, until: float) -> list[float]:
    """Return when the data of a lookup changed between its start and `until`."""
    changes = run.play.world.streams["changes"]
    return [t for t, key in changes if key == lookup.key and lookup.started < t < until]
