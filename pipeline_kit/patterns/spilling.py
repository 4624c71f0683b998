"""Spilling: accumulate values by key with a bound on memory, by putting the rest aside in files.

    values ──▶ key held? ── yes ──▶ add to what there is for it
                  └─ no ──▶ room for one more key? ── yes ──▶ hold it
                                └─ no ──▶ file 0 … 7, by the hash of the key

A key is either held from its first value on, or all its values are in one file, in order. When the
held results have been taken, and so there is room again, each file is read as if it were the input;
what does not fit then goes to files of its own, by other bits of the hash. Each round holds new
keys, so it ends. Databases know this as hash aggregation with spilling (Graefe, "Query Evaluation
Techniques for Large Databases", 1993).
"""

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, Any

from pipeline_kit.patterns.fan_out import stable_hash

Pair = tuple[Hashable, Any]

_FILES = 8  # a power of two: that many values have three bits


class Accumulator:
    """What there is for each key so far: in memory for some, as values in files for the others.

    Args:
        begin: called with the first value of a key, returns what there is for it then.
        add: called with what there is for a key and its next value; returns the new.
        max_keys: the most keys held in memory.
        files: closes the files in the end. The values in them must be picklable.
        level: how many accumulators put aside what comes to this one.
    """

    def __init__(
        self,
        begin: Callable[[Any], Any],
        add: Callable[[Any, Any], Any],
        max_keys: int,
        files: ExitStack,
        level: int = 0,
    ) -> None:
        self._begin = begin
        self._add = add
        self._max_keys = max_keys
        self._files = files
        self._level = level
        self._held: dict[Hashable, Any] = {}
        self._spilled: list[IO[bytes]] = []

    def add(self, key: Hashable, value: Any) -> None:
        """Add one more value, or put it aside."""
        held = self._held
        if key in held:
            held[key] = self._add(held[key], value)
        elif len(held) < self._max_keys:
            held[key] = self._begin(value)
        else:
            pickle.dump((key, value), self._file_for(key))

    async def results(self) -> AsyncIterator[Pair]:
        """Yield what there is for each key, and forget it; nothing can be added any more."""
        while self._held:
            yield self._held.popitem()
        while self._spilled:
            file = self._spilled.pop()
            rest = Accumulator(self._begin, self._add, self._max_keys, self._files, self._level + 1)
            for number, (key, value) in enumerate(_read(file)):
                rest.add(key, value)
                if number % 1000 == 0:
                    await asyncio.sleep(0)  # let others run
            async for pair in rest.results():
                yield pair

    def _file_for(self, key: Hashable) -> IO[bytes]:
        if not self._spilled:
            files = [TemporaryFile() for _ in range(_FILES)]  # noqa: SIM115 - the stack closes them
            self._spilled = [self._files.enter_context(file) for file in files]
        # Each level has three bits of the hash to itself, or all that is in one file would be in
        # one file again. The highest come first, because the lowest may have chosen a partition.
        shift = 29 - 3 * (self._level % 10)
        return self._spilled[stable_hash(key) >> shift & _FILES - 1]


def _read(file: IO[bytes]) -> Iterator[Pair]:
    with file:
        file.seek(0)
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return
