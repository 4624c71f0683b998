"""Cache loading: what a `Cache` does for a result that it does not have.

    miss ──▶ in the store? ── yes ──▶ keep it in memory
                 │ no
                 └──▶ call the function ──▶ keep it in memory, and in the store
                             ✕ ──▶ keep the failure, if so wished

It runs as a single flight, so that however many ask for a result, it is fetched once. What was
invalidated in the meantime goes to those who wait for it and is not kept.
"""

import asyncio
import random
from collections.abc import Hashable
from functools import partial
from typing import Any

from pipeline_kit.layer import Function, invoke
from pipeline_kit.patterns.cache_store import Store
from pipeline_kit.patterns.lru import LRU, Entry
from pipeline_kit.patterns.single_flight import SingleFlight


class Loader:
    """Fetches results into `memory`; the parameters are those of `Cache`."""

    def __init__(
        self,
        memory: LRU,
        *,
        ttl: float,
        ttl_jitter: float,
        stale_while_revalidate: float,
        max_refreshes: int,
        negative_ttl: float,
        store: Store | None,
        seed: int | None,
    ) -> None:
        self.load_count = self.load_failure_count = self.store_hit_count = 0
        self.flights = SingleFlight()
        """What is being fetched at this moment."""
        self._memory = memory
        self._ttl, self._ttl_jitter = ttl, ttl_jitter
        self._stale = stale_while_revalidate
        self._max_refreshes = max_refreshes
        self._negative_ttl = negative_ttl
        self._store = store
        self._random = random.Random(seed)

    def begin_anew(self) -> None:
        """Forget what was being fetched, on an event loop that is gone."""
        self.flights = SingleFlight()

    async def fetch(self, key: Hashable, function: Function, item: Any) -> Any:
        """Return the result for `key`, waiting for it if it is being fetched already."""
        return await self.flights.join(key, partial(self._load, key, function, item))

    def refresh(self, key: Hashable, function: Function, item: Any) -> None:
        """Fetch the result for `key` in the background, unless that or too much else goes on."""
        if key not in self.flights and self.flights.in_background < self._max_refreshes:
            self.flights.start(key, partial(self._load, key, function, item))

    def forget(self, key: Hashable) -> None:
        """Forget the result for `key`, also if it is being fetched."""
        self._memory.pop(key, None)
        self.flights.forget(key)

    async def _load(self, key: Hashable, function: Function, item: Any) -> Any:
        """Get a result from the store or from the function; this runs as a flight."""
        if self._store is not None and (kept := await self._store.get(key)):
            self.store_hit_count += 1
            self._keep(key, *kept)
            return kept[0]
        self.load_count += 1
        try:
            result = await invoke(function, item)
        except Exception as error:
            self.load_failure_count += 1
            if self._negative_ttl and self.flights.is_current(key):
                until = asyncio.get_running_loop().time() + self._negative_ttl
                self._memory.put(key, Entry(None, fresh_until=until, error=error))
            raise
        ttl = self._ttl * (1 - self._ttl_jitter * self._random.random())
        if self._store is not None and self.flights.is_current(key):
            await self._store.set(key, result, ttl)
            if not self.flights.is_current(key):  # it was invalidated while it was written
                await self._store.delete(key)
        self._keep(key, result, ttl)
        return result

    def _keep(self, key: Hashable, result: Any, ttl: float) -> None:
        if self.flights.is_current(key):  # else it was invalidated, and must not come back
            until = asyncio.get_running_loop().time() + ttl
            usable_until = until + self._stale
            self._memory.put(key, Entry(result, fresh_until=until, usable_until=usable_until))
