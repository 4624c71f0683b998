"""Cache loading: what a `Cache` does for a result that it does not have.

    miss ──▶ in the store? ── yes ──▶ keep it in memory
                 │ no
                 └──▶ call the function ──▶ keep it in memory, and in the store
                             ✕ ──▶ keep the failure, if so wished

It runs as a single flight, so that however many ask for a result, it is fetched once. What was
invalidated in the meantime goes to those who wait for it and is not kept.
"""

import asyncio
from collections.abc import Hashable, Iterator
from functools import partial
from typing import Any

from pipeline_kit.errors import is_failure
from pipeline_kit.layer import Function, invoke
from pipeline_kit.patterns.cache_store import Store
from pipeline_kit.patterns.expiry import Entry, Expiry
from pipeline_kit.patterns.lru import LRU
from pipeline_kit.patterns.single_flight import SingleFlight


class Loader:
    """Fetches results into `memory`, for as long as `expiry` says."""

    def __init__(
        self, memory: LRU, expiry: Expiry, *, max_refreshes: int, store: Store | None
    ) -> None:
        self.load_count = self.load_failure_count = self.store_hit_count = 0
        self.flights = SingleFlight()
        """What is being fetched at this moment."""
        self._memory = memory
        self._expiry = expiry
        self._max_refreshes = max_refreshes
        self._store = store

    def begin_anew(self) -> None:
        """Forget what was being fetched, on an event loop that is gone."""
        self.flights = SingleFlight()

    async def fetch(self, key: Hashable, function: Function, item: Any) -> Any:
        """Return the result for `key`, waiting for it if it is being fetched already."""
        return await self.flights.join(key, partial(self._load, key, function, item))

    async def fetch_all(
        self, function: Function, pairs: Iterator[tuple[Hashable, Any]], workers: int
    ) -> int:
        """Fetch the results for pairs of key and item, unless fresh; return how many calls failed.

        `workers` of them are fetched at the same time.
        """
        failed = 0

        async def work() -> None:
            nonlocal failed
            for key, item in pairs:  # from which all of them take
                entry = self._memory.get(key)
                if entry is None or entry.fresh_until <= _now():
                    try:
                        await self.fetch(key, function, item)
                    except (Exception, asyncio.CancelledError) as error:
                        if not is_failure(error):  # but our own end
                            raise
                        failed += 1

        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(work(), name=f"warming a cache {number}")
        return failed

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
            result, ttl = kept
            self._put(key, self._expiry.of_result(result, ttl, _now()))
            return result
        self.load_count += 1
        try:
            result = await invoke(function, item)
        except Exception as error:
            self.load_failure_count += 1
            self._put(key, self._expiry.of_failure(error, _now()))
            raise
        ttl = self._expiry.draw_ttl()
        if self._store is not None and self.flights.is_current(key):
            await self._store.set(key, result, ttl)
            if not self.flights.is_current(key):  # it was invalidated while it was written
                await self._store.delete(key)
        self._put(key, self._expiry.of_result(result, ttl, _now()))
        return result

    def _put(self, key: Hashable, entry: Entry | None) -> None:
        # If the flight is not the current one, it was invalidated, and must not come back.
        if entry is not None and self.flights.is_current(key):
            self._memory.put(key, entry)


def _now() -> float:
    return asyncio.get_running_loop().time()
