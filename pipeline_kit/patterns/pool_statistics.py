"""What an object pool tells of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """The state of a pool at one moment, and its totals so far."""

    max_size: int
    """The most objects that may exist at a time."""
    in_use: int
    """Objects that someone has, is about to get, or is giving back."""
    idle: int
    """Objects that wait to be used."""
    waiting: int
    """Those who wait for an object."""
    created: int
    """Objects made so far."""
    destroyed: int
    """Objects destroyed so far, because they were not healthy, or the pool was closed."""
    acquired: int
    """How often an object was handed out so far, new or not."""
