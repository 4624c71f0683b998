"""Map-reduce: make values of each item, bring those of the same key together, and sum them up.

                                            ┌─▶ partition 0: reduce ─▶ (key, result) …
    items ─▶ map ─▶ combine ─▶ shuffle by key
             one item at a time             └─▶ partition 1: reduce ─▶ (key, result) …

    counts = map_reduce(
        files,
        mapper=words_in,                       # a file ──▶ "the", "cat", "the", …
        key=str.lower,
        reducer=lambda count, word: count + 1,
        initial=int,                           # 0
        combiner=add,                          # of two counts
    )
    async for word, count in counts: …

To reduce is to accumulate: the reducer gets what it made of the values of a key so far, and the
next one. (A function that is applied to each item alone is a second map.) So there is no result
before the last item has come, and the source must end.

A combiner says how to put two accumulated results together. With one, the values of an item are
reduced where they are made, so that one pair per key goes to the shuffle instead of one per value.

A partition keeps at most `max_keys` keys in memory; see `spilling` for where the others go. The
model is that of Dean and Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", 2004.

Not for sums over all items alone: `async for` and `+=` do that.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable, Iterable
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from pipeline_kit.callbacks import check_plain
from pipeline_kit.layer import is_async
from pipeline_kit.patterns.fan_out import stable_hash
from pipeline_kit.patterns.spilling import Accumulator, Pair
from pipeline_kit.pipeline import Pipeline
from pipeline_kit.source import Source
from pipeline_kit.stage import FILTERED, Stage
from pipeline_kit.whole_numbers import check_whole


def map_reduce(
    source: Source,
    *,
    mapper: Callable[[Any], Any],
    key: Callable[[Any], Hashable],
    reducer: Callable[[Any, Any], Any],
    initial: Callable[[], Any],
    combiner: Callable[[Any, Any], Any] | None = None,
    map_workers: int = 4,
    executor: Executor | None = None,
    partitions: int = 4,
    max_keys: int = 1_000_000,
) -> AsyncIterator[Pair]:
    """Return an async iterator over pairs of a key and its result, in no particular order.

    The values of a key are reduced in the order in which they arrive.

    Args:
        source: any iterable, async iterable or channel of items.
        mapper: called with an item, returns its values, any number of them; plain or async.
        key: the key of a value.
        reducer: called with what there is for a key so far and its next value; returns the new.
        initial: makes what there is for a key at first, such as `int` or `list`. It is a function
            so that keys do not share one list.
        combiner: called with what there is for a key in two places; returns both in one.
        map_workers: how many items are mapped at the same time.
        executor: where to map, and to reduce and combine the values of one item, such as processes.
        partitions: over how many reducing workers the keys are spread.
        max_keys: the most keys each of them holds in memory; values of further keys, which must be
            picklable then, are written to temporary files.

    Raises:
        StageError: a function failed, or the source did; when iterating.
        TypeError: one of the functions is not callable, or is async, as only `mapper` may be.
        ValueError: `map_workers`, `partitions` or `max_keys` is below 1.
    """
    job = _Job(mapper, key, reducer, initial, combiner)
    check_whole("max_keys", max_keys)
    check_whole("partitions", partitions)
    one_item = partial(_map_async if is_async(mapper) else _map, job)
    mapping = Stage(one_item, name="map", workers=map_workers, executor=executor)
    return _run(source, mapping, job, partitions, max_keys)


async def _run(
    source: Source, mapping: Stage, job: "_Job", partitions: int, max_keys: int
) -> AsyncIterator[Pair]:
    with ExitStack() as files:
        parts = [Accumulator(job.begin, job.add, max_keys, files) for _ in range(partitions)]

        def reduce(batch: tuple[int, list[Pair]]) -> Any:
            for key, value in batch[1]:
                parts[batch[0]].add(key, value)
            return FILTERED

        reducing = Stage(reduce, workers=partitions, route=lambda batch, lanes: batch[0])
        async with Pipeline(mapping).run(source) as mapped:
            await Pipeline(reducing).collect(_shuffle(mapped, partitions))
        for part in parts:
            async for pair in part.results():
                yield pair


async def _shuffle(
    mapped: AsyncIterable[list[Pair]], partitions: int
) -> AsyncIterator[tuple[int, list[Pair]]]:
    """Split the pairs of each item into batches, one for each partition."""
    async for pairs in mapped:
        batches: list[list[Pair]] = [[] for _ in range(partitions)]
        for pair in pairs:
            batches[stable_hash(pair[0]) % partitions].append(pair)
        for number, batch in enumerate(batches):
            if batch:
                yield number, batch


@dataclass(frozen=True, slots=True)
class _Job:
    """The functions of a map-reduce; sent to other processes if those do the mapping."""

    mapper: Callable[[Any], Any]
    key: Callable[[Any], Hashable]
    reducer: Callable[[Any, Any], Any]
    initial: Callable[[], Any]
    combiner: Callable[[Any, Any], Any] | None

    def __post_init__(self) -> None:
        for argument in ("mapper", "key", "reducer", "initial", "combiner"):
            function = getattr(self, argument)
            if not callable(function) and (argument, function) != ("combiner", None):
                hint = "; a function that makes it, such as int" if argument == "initial" else ""
                raise TypeError(f"{argument} must be a function, got {function!r}{hint}")
            if function is not None and argument != "mapper":
                remedy = "only the mapper may be async: let it wait for what the others need"
                check_plain(argument, function, takes="values", remedy=remedy)

    def pairs(self, values: Iterable[Any]) -> list[Pair]:
        """Return what one item contributes: its values by key, combined if possible."""
        if self.combiner is None:
            return [(self.key(value), value) for value in values]
        held: dict[Hashable, Any] = {}
        for value in values:
            key = self.key(value)
            held[key] = self.reducer(held[key] if key in held else self.initial(), value)
        return list(held.items())

    def begin(self, value: Any) -> Any:
        """Return what there is for a key after the first that has come for it."""
        return value if self.combiner else self.reducer(self.initial(), value)

    def add(self, result: Any, value: Any) -> Any:
        """Return what there is for a key after one more."""
        return (self.combiner or self.reducer)(result, value)


def _map(job: _Job, item: Any) -> list[Pair]:
    return job.pairs(job.mapper(item))


async def _map_async(job: _Job, item: Any) -> list[Pair]:
    return job.pairs(await job.mapper(item))
