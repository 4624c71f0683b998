"""Caching: a result that was computed once is kept, and given again to whoever asks for the same.

    item ──▶ key ──▶ fresh? ── yes ──▶ the result, at once                             a hit
                       │ no
                       ├── stale, but usable ──▶ the old result, at once;              a hit
                       │                         a new one is fetched in the background
                       └── nothing ──▶ compute, keep, return                           a miss

    cache = Cache(maxsize=10_000, ttl=300, ttl_jitter=0.1)
    Stage(fetch, workers=8, layers=[cache, Retry(), Timeout(2)])

Whoever misses while the same is being computed already waits for that (see `single_flight`). What
does not fit makes room: the result that was not asked for the longest goes (least recently used,
LRU). For how long a result is good, `expiry` shows. Failures and cancellations are not kept, unless
`negative_ttl` says so of failures.

One cache is for one function: under a key it knows one result. It may be shared by all workers and
stages that call that function. All get the same object, so nobody should change it. For results
that survive a restart see `sqlite_store`.

Not for results that differ from call to call, nor for items that hardly ever come twice.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from math import inf
from typing import Any

from pipeline_kit.callbacks import check_plain
from pipeline_kit.layer import Function
from pipeline_kit.marks import listening
from pipeline_kit.patterns.cache_loading import Loader
from pipeline_kit.patterns.cache_statistics import CacheStatistics
from pipeline_kit.patterns.cache_store import Store
from pipeline_kit.patterns.expiry import Expiry
from pipeline_kit.patterns.lru import LRU
from pipeline_kit.whole_numbers import check_whole

__all__ = ["Cache", "CacheStatistics"]


class Cache:
    """A layer that gives the result of an earlier call for the same item.

    Results live on one event loop; on a new one the cache is empty, except for its store.

    Args:
        maxsize: how many results to keep; beyond it the least recently used goes.
        ttl: seconds for which a result is fresh (time to live).
        ttl_jitter: by how much of `ttl` a result may expire earlier, at random, from 0 to 1.
        stale_while_revalidate: seconds after that in which the old result is still given, while a
            new one is fetched in the background. `async with aclosing(cache):` ends what is still
            being fetched when the block is left.
        max_refreshes: how many results are fetched in the background at the same time; workers of
            the stage do not bound that.
        negative_ttl: seconds for which a failure is kept, and raised again without a call; 0 for
            not at all. Cancellations are never kept.
        key: what makes two items the same; by default the item itself.
        store: where results are kept as well, beyond `maxsize` and for the next run. Its errors
            fail the call.
        seed: makes the jitter the same in every run; None for another each time.

    Raises:
        TypeError: `key` is not callable, or async.
        ValueError: `maxsize` or `max_refreshes` is below 1, or `ttl` not above 0, or `ttl_jitter`
            not between 0 and 1, or another time below 0.
    """

    def __init__(
        self,
        maxsize: int = 1000,
        *,
        ttl: float = inf,
        ttl_jitter: float = 0.0,
        stale_while_revalidate: float = 0.0,
        max_refreshes: int = 8,
        negative_ttl: float = 0.0,
        key: Callable[[Any], Hashable] | None = None,
        store: Store | None = None,
        seed: int | None = None,
    ) -> None:
        check_whole("maxsize", maxsize)
        check_whole("max_refreshes", max_refreshes)
        if key is not None:
            check_plain("key", key, takes="one item", remedy="compute it in a stage before")
        expiry = Expiry(
            ttl=ttl,
            ttl_jitter=ttl_jitter,
            stale_while_revalidate=stale_while_revalidate,
            negative_ttl=negative_ttl,
            seed=seed,
        )
        self.maxsize = maxsize
        self._key = key
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._memory = LRU(maxsize)
        self._loader = Loader(self._memory, expiry, max_refreshes=max_refreshes, store=store)
        self._hits = self._stale = self._misses = 0

    async def call(self, function: Function, item: Any) -> Any:
        """Return the result for `item`, calling `function` only if it is not there.

        Raises:
            TypeError: the item, or its key, is not hashable.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin_on(loop)
        key = item if self._key is None else self._key(item)
        try:
            entry = self._memory.get(key)
        except TypeError as error:
            raise TypeError(f"a key must be hashable, got {key!r:.200}; pass key=…") from error
        if entry is None:
            return await self._miss(key, function, item)
        if entry.fresh_until < inf:  # else there is no need to look at the clock
            now = loop.time()
            if now >= entry.usable_until:
                return await self._miss(key, function, item)
            if now >= entry.fresh_until:
                self._stale += 1
                self._loader.refresh(key, function, item)
        self._hits += 1
        if note := listening():  # `mark`, but faster
            note("hit")
        self._memory.move_to_end(key)
        if entry.error is not None:
            # With the traceback it came with, which would else grow with each call.
            raise entry.error.with_traceback(entry.traceback)
        return entry.result

    async def warm(self, function: Function, items: Iterable[Any], *, workers: int = 8) -> int:
        """Call `function` for those of `items` that have no fresh result; `workers` at a time.

        Returns how many calls failed. Counts neither as hits nor as misses.
        """
        check_whole("workers", workers)
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin_on(loop)
        pairs = ((item if self._key is None else self._key(item), item) for item in items)
        return await self._loader.fetch_all(function, pairs, workers)

    async def invalidate(self, key: Hashable) -> None:
        """Forget the result for `key`, here and in the store.

        A call that begins after this gets a new one; what is being computed now goes only to those
        who wait for it.
        """
        self._loader.forget(key)
        if self._store is not None:
            await self._store.delete(key)
            self._loader.forget(key)  # again, because a call may just have found it in the store

    async def invalidate_where(self, predicate: Callable[[Any], bool]) -> None:
        """Forget the results for all keys of which `predicate` is true, as `invalidate` does."""
        for key in filter(predicate, {*self._memory, *self._loader.flights}):
            self._loader.forget(key)
        if self._store is not None:
            for key in filter(predicate, await self._store.keys()):
                await self.invalidate(key)

    async def aclose(self) -> None:
        """End what is being fetched in the background, and wait until it has ended.

        What a call has come to wait for meanwhile goes on, as long as one does.
        """
        await self._loader.flights.aclose()

    def statistics(self) -> CacheStatistics:
        """Return the totals so far."""
        return CacheStatistics(
            self._hits,
            self._stale,
            self._misses,
            self._loader.load_count,
            self._loader.load_failure_count,
            self._loader.store_hit_count,
            self._memory.evictions,
            len(self._memory),
        )

    def _begin_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin anew on another clock, where the times of the old one mean nothing."""
        self._loop = loop
        self._memory.clear()
        self._loader.begin_anew()

    async def _miss(self, key: Hashable, function: Function, item: Any) -> Any:
        self._misses += 1
        return await self._loader.fetch(key, function, item)
