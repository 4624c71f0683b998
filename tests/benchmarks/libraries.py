"""Layers beside the libraries that do the same job alone: CPU time of a call that succeeds at once.

They are not needed for anything else: `pip install 'pipeline-workbook[bench]'` brings them all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from math import inf
from time import process_time
from typing import Any

from pipeline_kit import Layer
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry

CALLS = 20_000
ROUNDS = 15
RATE = 1e9  # permits a second, more than anybody asks for

Call = Callable[[Any], Awaitable[Any]]


async def function(item: Any) -> Any:
    return item


def plain(item: Any) -> Any:
    return item


def aiolimiter() -> Call:
    from aiolimiter import AsyncLimiter

    limiter = AsyncLimiter(RATE, 1)

    async def limited(item: Any) -> Any:
        async with limiter:
            return await function(item)

    return limited


def purgatory() -> Call:
    from purgatory import AsyncCircuitBreakerFactory

    breakers = AsyncCircuitBreakerFactory()

    @breakers("server")
    async def guarded(item: Any) -> Any:
        return await function(item)

    return guarded


def pybreaker() -> Call:
    from pybreaker import CircuitBreaker as PyBreaker

    breaker = PyBreaker()

    async def guarded(item: Any) -> Any:
        return breaker.call(plain, item)

    return guarded


def async_lru() -> Call:
    from async_lru import alru_cache

    return alru_cache(maxsize=1000)(function)


def cachetools() -> Call:
    from cachetools import LRUCache, cached

    remembered = cached(LRUCache(1000))(plain)

    async def call(item: Any) -> Any:
        return remembered(item)

    return call


def tenacity() -> Call:
    from tenacity import retry, stop_after_attempt

    return retry(stop=stop_after_attempt(3))(function)


def stamina() -> Call:
    import stamina

    return stamina.retry(on=Exception, attempts=3)(function)


LIBRARIES: list[tuple[str, Callable[[], Layer], Callable[[], Call]]] = [
    ("RateLimit", lambda: RateLimit(RATE, burst=10**9), aiolimiter),
    ("CircuitBreaker", CircuitBreaker, purgatory),
    ("CircuitBreaker", CircuitBreaker, pybreaker),
    ("Cache, a hit", Cache, async_lru),
    ("Cache, a hit", Cache, cachetools),
    ("Retry", Retry, tenacity),
    ("Retry", Retry, stamina),
]


async def cpu_time(call: Call) -> float:
    """Return the CPU time of a call, in µs."""
    began = process_time()
    for _ in range(CALLS):
        await call(7)
    return (process_time() - began) / CALLS * 1e6


async def best_of_both(ours: Call, theirs: Call) -> tuple[float, float]:
    """Return the CPU time of a call of each, in µs, measured in turn."""
    best = [inf, inf]
    for _ in range(ROUNDS):
        for at, call in enumerate((ours, theirs)):
            best[at] = min(best[at], await cpu_time(call))
    return best[0], best[1]


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    for name, make, library in LIBRARIES:
        called = library.__name__.replace("_", "-")
        what = f"{name}, beside {called}"
        try:
            theirs = library()
        except ModuleNotFoundError:
            yield what, f"{called} is not installed", "pip install '.[bench]'"
            continue
        inner = plain if library in (pybreaker, cachetools) else function
        ours = wrap(inner, [make()])
        us, them = asyncio.run(best_of_both(ours, theirs))
        yield what, f"{us:.2f} µs to {them:.2f} µs", "at most theirs"
