"""Call rates: how large a share of the calls in a sliding window failed, or was slow.

This is what a circuit breaker goes by. A rate of few calls says little (one failure of one call is
100 %), so below a minimum number of calls there is none.
"""

from dataclasses import dataclass

from pipeline_kit.patterns.sliding_window import Window

OUTCOMES = 4
"""How many outcomes the window of a `CallRates` must tell apart."""

_FAILED, _SLOW = 1, 2  # a call that was both is 3, and a good one 0


@dataclass(frozen=True, slots=True)
class Rates:
    """The calls in a window, at one moment."""

    calls: int
    failed_calls: int
    """Those of them that failed."""
    slow_calls: int
    """Those of them that were slow, failed or not."""
    minimum_number_of_calls: int
    """Below so many calls there are no rates."""

    @property
    def failure_rate(self) -> float | None:
        """Per cent of calls that failed; None while there are too few to tell."""
        return self._share(self.failed_calls)

    @property
    def slow_call_rate(self) -> float | None:
        """Per cent of calls that were slow; None while there are too few to tell."""
        return self._share(self.slow_calls)

    def _share(self, part: int) -> float | None:
        enough = self.calls >= self.minimum_number_of_calls
        return 100 * part / self.calls if enough else None


class CallRates:
    """The failure rate and the slow call rate of the calls in a window, beside their thresholds.

    Args:
        window: where calls are counted; made with `outcomes=OUTCOMES`.
        minimum_number_of_calls: below so many calls in the window there are no rates.
        failure_rate_threshold: per cent of failed calls from which on the rate is too high.
        slow_call_rate_threshold: per cent of slow calls from which on that rate is too high.
        slow_call_duration_threshold: a call that takes more seconds than this is slow.

    Raises:
        ValueError: a rate is not above 0 and at most 100, or another threshold not above 0.
    """

    def __init__(
        self,
        window: Window,
        *,
        minimum_number_of_calls: int,
        failure_rate_threshold: float,
        slow_call_rate_threshold: float,
        slow_call_duration_threshold: float,
    ) -> None:
        _check_rate("failure_rate_threshold", failure_rate_threshold)
        _check_rate("slow_call_rate_threshold", slow_call_rate_threshold)
        if not slow_call_duration_threshold > 0:
            raise ValueError(
                "slow_call_duration_threshold must be above 0 seconds, "
                f"got {slow_call_duration_threshold!r}; math.inf if no call is slow"
            )
        self.is_full_of_good = False
        """Whether another good call would change nothing."""
        self._window = window
        self._minimum = minimum_number_of_calls
        self._failure_threshold = failure_rate_threshold
        self._slow_threshold = slow_call_rate_threshold
        self._slow_duration = slow_call_duration_threshold

    def add(self, failed: bool, duration: float, now: float) -> bool:
        """Count a call that has ended `now`, after `duration` seconds.

        Returns whether either rate is now at its threshold or above.
        """
        self._window.add(_FAILED * failed + _SLOW * (duration > self._slow_duration), now)
        good, failures, slow, both = self._window.counts
        self.is_full_of_good = good == self._window.size
        if not failures and not slow and not both:  # as a rule
            return False
        calls = good + failures + slow + both
        return calls >= self._minimum and (
            100 * (failures + both) >= self._failure_threshold * calls
            or 100 * (slow + both) >= self._slow_threshold * calls
        )

    @property
    def calls(self) -> int:
        """Calls in the window as of the last one."""
        return sum(self._window.counts)

    def at(self, now: float) -> Rates:
        """Return the figures of the calls that are in the window `now`."""
        self._window.forget(now)
        good, failed, slow, both = self._window.counts
        return Rates(good + failed + slow + both, failed + both, slow + both, self._minimum)


def _check_rate(name: str, rate: float) -> None:
    if not 0 < rate <= 100:
        raise ValueError(f"{name} must be above 0 and at most 100 per cent, got {rate!r}")
