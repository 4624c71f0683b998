"""Layers: what is wrapped around the call of a stage's function, such as a timeout or a cache.

    Stage(fetch, layers=[Retry(attempts=3), Timeout(2)])

                 ┌ Retry ───────────────────────┐
    item ──▶     │   ┌ Timeout ──────────────┐  │ ──▶ result
                 │   │   fetch(item)         │  │
                 │   └───────────────────────┘  │
                 └──────────────────────────────┘

The first layer is the outermost: here each attempt has two seconds. A layer knows nothing of the
others, nor of stages: `await Timeout(2).call(fetch, item)` works alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from types import CoroutineType
from typing import Any, Protocol

Function = Callable[[Any], Any]
"""A function of one item, plain or async."""


class Layer(Protocol):
    """Anything with a `call` like this one can be a layer."""

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item`, in this layer's way, and return its result."""


async def invoke(function: Function, item: Any) -> Any:
    """Call a function that may be plain or async, and return its result."""
    result = function(item)
    if isinstance(result, CoroutineType) or isawaitable(result):
        return await result
    return result


def is_async(function: Callable[..., object]) -> bool:
    """Tell whether calling `function` gives a coroutine (also for objects with `__call__`)."""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def wrap(function: Function, layers: Sequence[Layer]) -> Callable[[Any], Awaitable[Any]]:
    """Put `layers`, the first one outermost, around `function`."""
    call: Callable[[Any], Awaitable[Any]] = (
        function if is_async(function) else partial(invoke, function)
    )
    for layer in reversed(layers):
        call = partial(layer.call, call)
    return call
