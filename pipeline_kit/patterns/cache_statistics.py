"""What a cache tells of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """What a cache has done so far."""

    hit_count: int
    """Calls answered at once, whether fresh or stale."""
    stale_count: int
    """Those of them that were stale."""
    miss_count: int
    """Calls that had to wait."""
    load_count: int
    """How often the function was called; fewer than misses where some have waited for others."""
    load_failure_count: int
    """Those of them that failed."""
    store_hit_count: int
    """Misses that found their result in the store, so that the function was not called."""
    eviction_count: int
    """Results that made room for others."""
    size: int
    """Results kept now, expired ones included."""

    @property
    def hit_rate(self) -> float:
        """Share of calls answered at once, from 0 to 1; 0 if there were none."""
        calls = self.hit_count + self.miss_count
        return self.hit_count / calls if calls else 0.0
