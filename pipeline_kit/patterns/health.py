"""Health: a worker that fails again and again is ejected for a while, and then tried again.

    healthy ── consecutive_failures ──▶ ejected ── base_ejection_time × number of ejections ──┐
       ▲                                                                                       │
       └───────────────────────────────────────────────────────────────────────────────────────┘

The algorithm is Envoy's outlier detection, with its parameter names. No probes are sent: the items
themselves show how a worker is.

Not for work where failures are the items' own fault: then all workers fail alike.
"""

from dataclasses import dataclass

from pipeline_kit.whole_numbers import check_whole


@dataclass(frozen=True)
class OutlierEjection:
    """When to eject a worker, and for how long.

    Args:
        consecutive_failures: failures in a row after which a worker is ejected.
        base_ejection_time: seconds of the first ejection; the second lasts twice as long, the third
            three times, …
        max_ejection_time: seconds that an ejection lasts at most.
        max_ejection_percent: how many of the workers may be ejected at the same time, in per cent.

    Raises:
        ValueError: `consecutive_failures` is below 1, a time is not above 0, or
            `max_ejection_percent` is not between 0 and 100.
    """

    consecutive_failures: int = 5
    base_ejection_time: float = 30.0
    max_ejection_time: float = 300.0
    max_ejection_percent: float = 50.0

    def __post_init__(self) -> None:
        check_whole("consecutive_failures", self.consecutive_failures)
        for name in ("base_ejection_time", "max_ejection_time"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0 seconds, got {getattr(self, name)!r}")
        if not 0 <= self.max_ejection_percent <= 100:
            raise ValueError(
                f"max_ejection_percent must be from 0 to 100, got {self.max_ejection_percent!r}; "
                "use 0 to never eject a worker"
            )


class Health:
    """What is known of the health of one worker; times are those of the event loop, in seconds."""

    def __init__(self, ejection: OutlierEjection) -> None:
        self._ejection = ejection
        self._ejected_until = 0.0
        self.consecutive_failures = 0
        """Failures since the last ejection; whoever sees a success sets it to 0."""
        self.ejections = 0
        """How often the worker has been ejected so far."""

    def is_ejected(self, now: float) -> bool:
        """Tell whether the worker gets no items at the time `now`."""
        return now < self._ejected_until

    def readmit(self) -> None:
        """End an ejection before its time."""
        self._ejected_until = 0.0

    def failed(self) -> bool:
        """Take note of a failure; tell whether that makes one too many."""
        self.consecutive_failures += 1
        return self.consecutive_failures >= self._ejection.consecutive_failures

    def eject(self, now: float) -> float:
        """Let the worker get no items for a while; return until when."""
        self.ejections += 1
        self.consecutive_failures = 0
        duration = self._ejection.base_ejection_time * self.ejections
        self._ejected_until = now + min(duration, self._ejection.max_ejection_time)
        return self._ejected_until
