"""LRU: a bounded memory in which what was not used the longest makes room for what is new.

    move_to_end("a")         put("d", …)
    ┌───┬───┬───┐   ┌───┬───┬───┐   ┌───┬───┬───┐
    │ a │ b │ c │ → │ b │ c │ a │ → │ c │ a │ d │     b was the least recently used
    └───┴───┴───┘   └───┴───┴───┘   └───┴───┴───┘

What is used once in a long scan pushes out what is used all the time, which is the price of its
simplicity; caches for such loads use W-TinyLFU instead.
"""

from collections import OrderedDict
from collections.abc import Hashable
from math import inf
from typing import Any


class Entry:
    """What is remembered: a result, or the error that came instead, and for how long it is good."""

    __slots__ = ("error", "fresh_until", "result", "traceback", "usable_until")

    def __init__(
        self,
        result: Any,
        *,
        fresh_until: float = inf,
        usable_until: float = 0.0,
        error: Exception | None = None,
    ) -> None:
        self.result = result
        self.error = error
        self.traceback = error.__traceback__ if error is not None else None
        self.fresh_until = fresh_until
        """By the clock of the event loop, in seconds."""
        self.usable_until = max(fresh_until, usable_until)
        """Until then it may be given although it is stale."""


class LRU(OrderedDict[Hashable, Entry]):
    """At most `maxsize` entries, of which the last is the one used most recently.

    Whoever uses an entry says so with `move_to_end(key)`.
    """

    def __init__(self, maxsize: int) -> None:
        super().__init__()
        self.maxsize = maxsize
        self.evictions = 0
        """Entries that made room for others so far."""

    def put(self, key: Hashable, entry: Entry) -> None:
        """Remember `entry` for `key`, as used most recently."""
        self[key] = entry
        self.move_to_end(key)
        if len(self) > self.maxsize:
            self.popitem(last=False)
            self.evictions += 1
