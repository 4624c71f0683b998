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

from pipeline_kit.patterns.expiry import Entry


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
