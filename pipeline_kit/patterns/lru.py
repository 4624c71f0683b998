"""LRU: a bounded memory in which what was not used the longest makes room for what is new.

    get("a")                 put("d", …)
    ┌───┬───┬───┐   ┌───┬───┬───┐   ┌───┬───┬───┐
    │ a │ b │ c │ → │ b │ c │ a │ → │ c │ a │ d │     b was the least recently used
    └───┴───┴───┘   └───┴───┴───┘   └───┴───┴───┘

What is used once in a long scan pushes out what is used all the time, which is the price of its
simplicity; caches for such loads use W-TinyLFU instead.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Any


class Entry:
    """What is remembered: a result, or the error that came instead, and for how long it is good."""

    __slots__ = ("error", "fresh_until", "result", "traceback", "usable_until")

    def __init__(
        self,
        result: Any,
        fresh_until: float,
        *,
        usable_until: float | None = None,
        error: Exception | None = None,
    ) -> None:
        self.result = result
        self.error = error
        self.traceback = error.__traceback__ if error else None
        self.fresh_until = fresh_until
        """By the clock of the event loop, in seconds."""
        self.usable_until = fresh_until if usable_until is None else usable_until
        """Until then it may be given although it is stale."""


class LRU:
    """At most `maxsize` entries, the most recently used ones."""

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self.evictions = 0
        """Entries that made room for others so far."""
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()  # the latest used is last

    def get(self, key: Hashable, now: float) -> Entry | None:
        """Return the entry for `key` if it is usable `now`, and count this as a use."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now >= entry.usable_until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: Hashable, entry: Entry) -> None:
        """Remember `entry` for `key`, as the latest used."""
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self.maxsize:
            self._entries.popitem(last=False)
            self.evictions += 1

    def forget(self, key: Hashable) -> None:
        """Forget the entry for `key`, if there is one."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()

    def __iter__(self) -> Iterator[Hashable]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)
