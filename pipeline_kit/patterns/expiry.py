"""Expiry: for how long what is in a cache is good.

    kept ─────────── fresh ───────────┬──── stale, but usable ────┬── gone
    │◀─ ttl, less up to ttl_jitter ──▶│◀ stale_while_revalidate ─▶│

Results that came together should not expire together, or all of them are computed again at the same
moment; hence the jitter. HTTP's caches give an old result while a new one is fetched by a directive
of that name (RFC 5861); those of DNS keep failures, for a short while (negative caching, RFC 2308).
"""

import random
from math import inf
from typing import Any


class Entry:
    """What is remembered: a result, or the error that came instead, and for how long it is good."""

    __slots__ = ("error", "fresh_until", "result", "traceback", "usable_until")

    def __init__(
        self,
        result: Any,
        *,
        fresh_until: float = inf,
        usable_until: float = 0.0,
        error: Exception | None = None,
    ) -> None:
        self.result = result
        self.error = error
        self.traceback = error.__traceback__ if error is not None else None
        self.fresh_until = fresh_until
        """By the clock of the event loop, in seconds."""
        self.usable_until = max(fresh_until, usable_until)
        """Until then it may be given although it is stale."""


class Expiry:
    """Says of each result for how long it is good; the parameters are those of `Cache`.

    Raises:
        ValueError: `ttl` is not above 0, or `ttl_jitter` not between 0 and 1, or another time below
            0.
    """

    def __init__(
        self,
        *,
        ttl: float,
        ttl_jitter: float,
        stale_while_revalidate: float,
        negative_ttl: float,
        seed: int | None,
    ) -> None:
        if not ttl > 0:
            raise ValueError(
                f"ttl must be above 0 seconds, got {ttl!r}; to cache nothing, leave it out"
            )
        if not 0 <= ttl_jitter <= 1:
            raise ValueError(f"ttl_jitter must be a share from 0 to 1, got {ttl_jitter!r}")
        times = {"stale_while_revalidate": stale_while_revalidate, "negative_ttl": negative_ttl}
        for name, seconds in times.items():
            if not seconds >= 0:
                raise ValueError(f"{name} must be 0 seconds or more, got {seconds!r}")
        self._ttl, self._ttl_jitter = ttl, ttl_jitter
        self._stale = stale_while_revalidate
        self._negative_ttl = negative_ttl
        self._random = random.Random(seed)

    def draw_ttl(self) -> float:
        """Return for how many seconds the next result is to be fresh."""
        return self._ttl * (1 - self._ttl_jitter * self._random.random())

    def of_result(self, result: Any, ttl: float, now: float) -> Entry:
        """Return the entry for a result that is fresh for `ttl` seconds from `now` on."""
        until = now + ttl
        return Entry(result, fresh_until=until, usable_until=until + self._stale)

    def of_failure(self, error: Exception, now: float) -> Entry | None:
        """Return the entry for a call that has failed `now`; None if failures are not kept."""
        if not self._negative_ttl:
            return None
        return Entry(None, fresh_until=now + self._negative_ttl, error=error)
