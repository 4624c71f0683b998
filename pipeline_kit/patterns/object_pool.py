"""A pool of objects that are expensive to make, such as connections: made once, used many times.

    async with ObjectPool(connect, max_size=5) as pool:

        async def query(item):
            async with pool.acquire() as connection:
                return await connection.fetch(item)

        await Pipeline(Stage(query, workers=20)).collect(items)

At most `max_size` objects exist at a time. Who finds none free waits in line, first come, first
served. The object used last is handed out first, so that of those that are not needed the rest is
never made. Whoever leaves the block gives the object back, by an error or a cancellation too.

    acquire ─▶ an idle one? ─ yes ─▶ check ─ healthy ─────────────▶ in use ─▶ reset ─▶ idle
                   └ no ─▶ create     └─ not: destroy, try the next           └─ fails: destroy

Not for plain objects of your own: making those costs less than the pool does.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, Self, TypeVar

from pipeline_kit.patterns.pool_statistics import PoolStatistics
from pipeline_kit.patterns.pooled_objects import Upkeep
from pipeline_kit.whole_numbers import check_whole

__all__ = ["ObjectPool", "PoolClosed", "PoolStatistics"]

T = TypeVar("T")


class PoolClosed(Exception):  # noqa: N818 - reads as what happened, like ChannelClosed
    """Raised by `acquire` on a pool that is closed, or that closes while it waits."""


class ObjectPool(Generic[T]):
    """At most `max_size` objects, made when they are first needed, and used again and again.

    All functions may be plain or async.

    Args:
        create: makes an object.
        max_size: the most objects that exist at a time.
        check: called with an idle object before it is handed out; if false or an error, the object
            is destroyed, and another one is taken.
        reset: called with an object when it is given back, to make it as good as new. If it fails,
            the object is destroyed, and the error passes through.
        destroy: called with an object that is no longer used, to close it.

    Raises:
        TypeError: one of the functions is not callable.
        ValueError: `max_size` is below 1.
    """

    def __init__(
        self,
        create: Callable[[], Any],
        *,
        max_size: int,
        check: Callable[[T], Any] = lambda thing: True,
        reset: Callable[[T], Any] = lambda thing: None,
        destroy: Callable[[T], Any] = lambda thing: None,
    ) -> None:
        self._upkeep = Upkeep(create, check, reset, destroy)
        check_whole("max_size", max_size)
        self.max_size = max_size
        self._permits = asyncio.Semaphore(max_size)
        self._idle: list[T] = []
        self._in_use = 0
        self._waiting = 0
        self._acquired = 0
        self._closed = False

    def acquire(self) -> AbstractAsyncContextManager[T]:
        """Have an object for the length of a block: `async with pool.acquire() as thing:`.

        Raises:
            PoolClosed: the pool is closed, or was closed while this waited.
            Exception: what `create`, `reset` or `destroy` failed with.
        """
        return _Loan(self)

    async def close(self) -> None:
        """Hand out no more objects, and destroy the idle ones.

        Those in use are destroyed when they are given back; nobody waits for that.

        Raises:
            ExceptionGroup: of what `destroy` failed with.
        """
        self._closed = True
        self._permits.release()  # who waits first finds the pool closed, and passes this on
        errors: list[Exception] = []
        while self._idle:
            try:
                await self._upkeep.destroy(self._idle.pop())
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("some objects of the pool could not be destroyed", errors)

    def statistics(self) -> PoolStatistics:
        """Return the state and the totals at this moment."""
        return PoolStatistics(
            max_size=self.max_size,
            in_use=self._in_use,
            idle=len(self._idle),
            waiting=self._waiting,
            created=self._upkeep.created,
            destroyed=self._upkeep.destroyed,
            acquired=self._acquired,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def _lend(self) -> T:
        self._waiting += 1
        try:
            await self._permits.acquire()
        finally:
            self._waiting -= 1
        self._in_use += 1
        try:
            return await self._take()
        except BaseException:
            self._free_permit()
            raise

    async def _take(self) -> T:
        """Return an object that nobody else has: an idle one that is healthy, or a new one."""
        while self._idle:
            thing = self._idle.pop()
            if await self._upkeep.is_healthy(thing):
                break
        else:
            if self._closed:
                raise PoolClosed(_CLOSED)
            thing = await self._upkeep.create()
        if self._closed:  # in the meantime
            await self._upkeep.destroy(thing)
            raise PoolClosed(_CLOSED)
        self._acquired += 1
        return thing

    async def _take_back(self, thing: T) -> None:
        try:
            await self._upkeep.reset(thing)
            if self._closed:
                await self._upkeep.destroy(thing)
            else:
                self._idle.append(thing)
        finally:
            self._free_permit()

    def _free_permit(self) -> None:
        self._in_use -= 1
        self._permits.release()


class _Loan(AbstractAsyncContextManager[T]):
    """An object of the pool for the length of a block.

    A class and not a generator, so that a deadlock report can see through it.
    """

    def __init__(self, pool: ObjectPool[T]) -> None:
        self._pool = pool

    async def __aenter__(self) -> T:
        self._thing = await self._pool._lend()
        return self._thing

    async def __aexit__(self, *exception: object) -> None:
        await self._pool._take_back(self._thing)


_CLOSED = "this pool is closed: it hands out nothing more; acquire inside its `async with` block"
