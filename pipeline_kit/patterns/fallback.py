"""Fallback: when a call fails, go on with something else that will do.

A page with yesterday's prices is better than no page. What will do is up to the application: a
fixed value, another way to get at the result, or the last good result for the same item.

    Stage(price, layers=[Fallback(last_good=True, value=None), CircuitBreaker(), Timeout(2)])

         call ✕ ──▶ last good result? ──▶ function? ──▶ value? ──▶ the error itself
                     the first of those that were asked for, and that there is

It belongs outside of the layers whose errors it is meant for. Whoever takes the results cannot tell
a substitute from the real thing, so make it one that cannot do harm, or that can be told.

Not for errors that somebody has to know of: here they end. They are counted, no more.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from pipeline_kit.callbacks import check_plain
from pipeline_kit.layer import Function, invoke
from pipeline_kit.marks import mark
from pipeline_kit.patterns.exception_types import ExceptionTypes, as_exceptions
from pipeline_kit.whole_numbers import check_whole

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class FallbackStatistics:
    """How failed calls have ended."""

    last_good: int
    """With the last good result."""
    function: int
    """With what the other function returned."""
    value: int
    """With the fixed value."""
    passed_on: int
    """With their error, because there was nothing to fall back on."""


class Fallback:
    """A layer that gives a substitute for the result of a call that fails.

    Args:
        value: a fixed substitute.
        function: called with the item for a substitute; plain or async.
        last_good: whether to remember results, and give the last one for the same item; while there
            is none, `function` or `value`.
        key: what makes two items the same, for `last_good`; by default the item itself. With
            `key=lambda item: None` the last result of any item will do.
        maxsize: for how many keys to remember a result; beyond it the one not used for longest is
            forgotten.
        on: the exceptions that are fallen back from.

    Raises:
        TypeError: `function` or `key` is not callable, `key` is async, or `on` is no `Exception`.
        ValueError: there is no substitute, or both `value` and `function`, or `maxsize` is below 1.
    """

    def __init__(
        self,
        *,
        value: Any = _NOTHING,
        function: Function | None = None,
        last_good: bool = False,
        key: Callable[[Any], Hashable] | None = None,
        maxsize: int = 1000,
        on: ExceptionTypes = Exception,
    ) -> None:
        if value is _NOTHING and function is None and not last_good:
            raise ValueError(
                "a fallback needs something to fall back on: value=…, function=… or last_good=True"
            )
        if value is not _NOTHING and function is not None:
            raise ValueError(
                "a fallback has a value or a function, not both; "
                f"let the function return {value!r}, or put one Fallback around another"
            )
        if function is not None and not callable(function):
            raise TypeError(f"function must be callable with one item, got {function!r}")
        if key is not None:
            check_plain("key", key, takes="one item", remedy="compute it in a stage before")
        check_whole("maxsize", maxsize, of="results")
        self._value = value
        self._function = function
        self._key = key
        self._maxsize = maxsize
        self._on = as_exceptions("on", on)
        self._good: OrderedDict[Hashable, Any] | None = OrderedDict() if last_good else None
        self._from_last_good = self._from_function = self._from_value = self._passed_on = 0

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item`; if it fails, return a substitute, or else raise its error.

        If the other function fails as well, its error is raised, in the context of the first one.

        Raises:
            TypeError: `last_good` needs a key, and the item is not hashable.
        """
        # Before the call, so that no work is done for an item that has no key.
        key = None if self._good is None else self._key_of(item)
        try:
            result = await invoke(function, item)
        except self._on:
            substitute = await self._substitute(key, item)
            if substitute is _NOTHING:
                self._passed_on += 1
                raise
            mark("substitute")
            return substitute
        if self._good is not None:
            self._good[key] = result
            self._good.move_to_end(key)
            if len(self._good) > self._maxsize:
                self._good.popitem(last=False)
        return result

    def statistics(self) -> FallbackStatistics:
        """Return the totals so far."""
        return FallbackStatistics(
            self._from_last_good, self._from_function, self._from_value, self._passed_on
        )

    def _key_of(self, item: Any) -> Hashable:
        key = item if self._key is None else self._key(item)
        try:
            hash(key)
        except TypeError as error:
            raise TypeError(
                f"last_good needs a key for each item, and {key!r:.200} is not hashable; pass key=…"
            ) from error
        return key

    async def _substitute(self, key: Hashable, item: Any) -> Any:
        if self._good is not None and key in self._good:
            self._from_last_good += 1
            self._good.move_to_end(key)
            return self._good[key]
        if self._function is not None:
            result = await invoke(self._function, item)
            self._from_function += 1
            return result
        if self._value is not _NOTHING:
            self._from_value += 1
        return self._value
