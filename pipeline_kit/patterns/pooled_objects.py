"""Pooled objects: how those of an `ObjectPool` come, are kept in order, and go.

    create ──▶ in use ──▶ reset ──▶ idle ──▶ check ──▶ in use ──▶ …
                            ✕                  ✕
                            └───── destroy ◀───┘

Whoever hands them out, and to whom, is the pool's business; see `object_pool`.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from pipeline_kit.layer import invoke

T = TypeVar("T")


class Upkeep(Generic[T]):
    """Calls the functions that make, check, reset and destroy objects, and counts.

    The parameters are those of `ObjectPool`.

    Raises:
        TypeError: one of them is not callable.
    """

    def __init__(
        self,
        create: Callable[[], Any],
        check: Callable[[T], Any],
        reset: Callable[[T], Any],
        destroy: Callable[[T], Any],
    ) -> None:
        functions = {"create": create, "check": check, "reset": reset, "destroy": destroy}
        for argument, function in functions.items():
            if not callable(function):
                raise TypeError(f"{argument} must be a function, got {function!r}")
        self._create, self._check = create, check
        self._reset, self._destroy = reset, destroy
        self.created = 0
        """Objects made so far."""
        self.destroyed = 0
        """Objects destroyed so far."""

    async def create(self) -> T:
        """Make an object."""
        thing: T = await invoke(lambda _: self._create(), None)
        self.created += 1
        return thing

    async def is_healthy(self, thing: T) -> bool:
        """Check an object that was idle; if it is not as it should be, destroy it."""
        healthy = False
        try:
            with suppress(Exception):  # a check that fails is an answer
                healthy = bool(await invoke(self._check, thing))
        finally:
            if not healthy:
                await self.destroy(thing)
        return healthy

    async def reset(self, thing: T) -> None:
        """Make an object that was used as good as new; if that fails, destroy it."""
        good = False
        try:
            await invoke(self._reset, thing)
            good = True
        finally:
            if not good:
                await self.destroy(thing)

    async def destroy(self, thing: T) -> None:
        """Destroy an object."""
        self.destroyed += 1
        await invoke(self._destroy, thing)
