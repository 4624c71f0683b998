"""How an adaptive limit follows the load: two algorithms, told of each call that has ended.

    AIMD      errors               Gradient        latency doubles
        ╱│ ╱│ ╱│                        ╭─────────╮
       ╱ │╱ │╱ │╱                      ╱           ╲__________
      ╱                               ╱

Neither knows of calls, tasks or clocks, so both can be studied with a loop and a few numbers:

    aimd = AIMD(initial_limit=10)
    aimd.update(latency=0.1, in_flight=10, overloaded=True)
    assert aimd.limit == 9

For the layer that applies them see `adaptive_rate`.
"""

from math import inf


class AIMD:
    """Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989).

    Each `limit` calls that succeed raise the limit by 1; each one that fails lowers it to
    `backoff_ratio` of itself. It needs a few errors, or slow calls, to find its way. With the
    defaults and a server that refuses above 20 calls in flight, about 2 calls in 100 fail.

    Args:
        initial_limit: calls in flight allowed at first.
        min_limit: the limit never falls below this.
        max_limit: the limit never rises above this.
        backoff_ratio: what remains of the limit after an overload.
        slow_call_duration_threshold: seconds from which on a call counts as an overload.

    Raises:
        ValueError: not 1 <= `min_limit` <= `initial_limit` <= `max_limit`, or `backoff_ratio` is
            not between 0 and 1, or the threshold is not above 0.
    """

    def __init__(
        self,
        *,
        initial_limit: float = 20,
        min_limit: float = 1,
        max_limit: float = 200,
        backoff_ratio: float = 0.9,
        slow_call_duration_threshold: float = inf,
    ) -> None:
        _check_limits(initial_limit, min_limit, max_limit)
        if not 0 < backoff_ratio < 1:
            raise ValueError(f"backoff_ratio must be between 0 and 1, got {backoff_ratio!r}")
        if not slow_call_duration_threshold > 0:
            raise ValueError(
                "slow_call_duration_threshold must be above 0 seconds, "
                f"got {slow_call_duration_threshold!r}"
            )
        self.limit = float(initial_limit)
        self.min_limit, self.max_limit = min_limit, max_limit
        self.backoff_ratio = backoff_ratio
        self.slow_call_duration_threshold = slow_call_duration_threshold

    def update(self, latency: float, in_flight: int, *, overloaded: bool) -> None:
        """Lower the limit after an overload, raise it after a success that needed it."""
        if overloaded or latency >= self.slow_call_duration_threshold:
            self.limit = max(self.min_limit, self.limit * self.backoff_ratio)
        elif 2 * in_flight >= self.limit:
            self.limit = min(self.max_limit, self.limit + 1 / self.limit)


class Gradient:
    """Gradient2 of Netflix's concurrency-limits: lower the limit when latency rises above normal.

    The gradient, normal latency over that of now, is 1 while nothing waits, and falls as a queue
    builds up at the other side. Each round of calls, as many as the limit is, moves the limit a
    step towards `limit · gradient + queue_size`. What is normal is an average over many rounds.

    An overload ends a round at once with the smallest gradient, 0.5. The original takes no notice
    of errors, and finds its rounds by the clock (`WindowedLimit`).

    Args:
        initial_limit: calls in flight allowed at first.
        min_limit: the limit never falls below this.
        max_limit: the limit never rises above this.
        queue_size: how many calls may queue at the other side. Without any, the limit would never
            grow.
        tolerance: how much above normal latency may be; 1.5 is one and a half times.
        smoothing: the size of a step, from above 0 to 1.
        long_window: over about how many rounds the normal latency is averaged.

    Raises:
        ValueError: not 1 <= `min_limit` <= `initial_limit` <= `max_limit`, or `queue_size` is
            negative, `tolerance` below 1, `smoothing` not above 0 and at most 1, or `long_window`
            below 1.
    """

    def __init__(
        self,
        *,
        initial_limit: float = 20,
        min_limit: float = 1,
        max_limit: float = 200,
        queue_size: float = 4,
        tolerance: float = 1.5,
        smoothing: float = 0.2,
        long_window: int = 600,
    ) -> None:
        _check_limits(initial_limit, min_limit, max_limit)
        if not queue_size >= 0:
            raise ValueError(f"queue_size must be 0 calls or more, got {queue_size!r}")
        if not tolerance >= 1:
            raise ValueError(f"tolerance must be 1 or more, got {tolerance!r}; 1.5 is half more")
        if not 0 < smoothing <= 1:
            raise ValueError(f"smoothing must be above 0 and at most 1, got {smoothing!r}")
        if not long_window >= 1:
            raise ValueError(f"long_window must be 1 round or more, got {long_window!r}")
        self.limit = float(initial_limit)
        self.min_limit, self.max_limit = min_limit, max_limit
        self.queue_size, self.tolerance, self.smoothing = queue_size, tolerance, smoothing
        self.long_window = long_window
        self._normal = 0.0
        self._rounds = 0
        self._calls = 0  # in this round
        self._most_in_flight = 0
        self._latency = 0.0  # of all its calls together

    @property
    def normal_latency(self) -> float:
        """The average latency of the long run, in seconds."""
        return self._normal

    def update(self, latency: float, in_flight: int, *, overloaded: bool) -> None:
        """Count a call; at the end of a round, learn what is normal and move the limit a step."""
        self._calls += 1
        self._latency += latency
        self._most_in_flight = max(self._most_in_flight, in_flight)
        if overloaded:  # how long a failure takes is no measure of anything
            self._step(0.5)
        elif self._calls < int(self.limit):
            return
        else:
            now = self._latency / self._calls
            self._learn(now)
            if 2 * self._most_in_flight >= self.limit:
                self._step(self.tolerance * self._normal / now if now else 1.0)
        self._calls, self._most_in_flight, self._latency = 0, 0, 0.0

    def _learn(self, latency: float) -> None:
        """Average: the first ten plainly, then with exponentially falling weights."""
        self._rounds += 1
        weight = 1 / self._rounds if self._rounds <= 10 else 2 / (self.long_window + 1)
        self._normal += weight * (latency - self._normal)
        if self._normal > 2 * latency:  # latency has fallen: forget the old one sooner
            self._normal *= 0.95

    def _step(self, gradient: float) -> None:
        target = self.limit * min(1.0, max(0.5, gradient)) + self.queue_size
        limit = (1 - self.smoothing) * self.limit + self.smoothing * target
        self.limit = min(self.max_limit, max(self.min_limit, limit))


def _check_limits(initial_limit: float, min_limit: float, max_limit: float) -> None:
    if not 1 <= min_limit <= initial_limit <= max_limit < inf:
        raise ValueError(
            "limits must be 1 <= min_limit <= initial_limit <= max_limit, got "
            f"min_limit={min_limit!r}, initial_limit={initial_limit!r}, max_limit={max_limit!r}"
        )
