"""Store: where a cache keeps results beyond its own memory, so that they survive a restart.

Any object with these four methods will do. `sqlite_store` has one that keeps them in a file.
"""

from collections.abc import Hashable, Iterable
from typing import Any, Protocol


class Store(Protocol):
    """What a `Cache` asks of its store."""

    async def get(self, key: Hashable) -> tuple[Any, float] | None:
        """Return the result for `key` and for how many seconds it is still fresh, or None."""

    async def set(self, key: Hashable, result: Any, ttl: float) -> None:
        """Keep `result`, which is fresh for `ttl` seconds; `inf` for ever."""

    async def delete(self, key: Hashable) -> None:
        """Forget the result for `key`, if there is one."""

    async def keys(self) -> Iterable[Hashable]:
        """Return the keys of all results."""
