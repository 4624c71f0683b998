"""Filter and transform: drop what is not wanted before work is spent on it.

    items ──▶ keep_if(is_valid) ──▶ transform ──▶ results
                     └─ filtered: counted, and no failure

    Pipeline(Stage(keep_if(is_valid)), Stage(transform, workers=4))

A filter is a stage whose function returns either its item or `FILTERED`. What it filters is done:
it is not passed on, it is no error, and a recorded run and the metrics tell it from what failed and
what was dropped because a queue was full.

A filter costs little and a stage costs a hop from channel to channel, so where the filter has no
workers of its own, `filter_transform` does both in one stage:

    Pipeline(Stage(filter_transform(is_valid, transform), workers=4))

Not for items that are wrong: those are errors, so let the function raise, with `on_error=`.
"""

from collections.abc import Callable
from functools import partial, update_wrapper
from inspect import isawaitable
from typing import Any

from pipeline_kit.layer import Function, invoke, is_async
from pipeline_kit.stage import FILTERED


def keep_if(predicate: Callable[[Any], Any]) -> Function:
    """Return a function for a stage that passes on the items for which `predicate` is true.

    Args:
        predicate: called with one item; plain or async. The stage gets its name.

    Raises:
        TypeError: `predicate` is not callable.
    """
    return _combine(predicate, _as_it_is, name=predicate)


def filter_transform(predicate: Callable[[Any], Any], transform: Function) -> Function:
    """Return a function for a stage that transforms the items for which `predicate` is true.

    Args:
        predicate: called with one item; plain or async.
        transform: called with the item if that is true; plain or async. The stage gets its name.

    Raises:
        TypeError: one of them is not callable.
    """
    return _combine(predicate, transform, name=transform)


def _combine(predicate: Function, transform: Function, *, name: Function) -> Function:
    for role, function in (("predicate", predicate), ("transform", transform)):
        if not callable(function):
            raise TypeError(f"{role} must be callable with one item, got {function!r}")
    later = is_async(predicate) or is_async(transform)
    both = partial(_filter_transform_async if later else _filter_transform, predicate, transform)
    return update_wrapper(both, name, assigned=("__name__", "__doc__"), updated=())


def _as_it_is(item: Any) -> Any:
    return item


def _filter_transform(predicate: Function, transform: Function, item: Any) -> Any:
    keep = predicate(item)
    if isawaitable(keep):  # the predicate is a lambda that calls an async function
        return _filter_transform_async(lambda item: keep, transform, item)
    return transform(item) if keep else FILTERED


async def _filter_transform_async(predicate: Function, transform: Function, item: Any) -> Any:
    return await invoke(transform, item) if await invoke(predicate, item) else FILTERED
