"""Timeout: a call that takes too long is cancelled, so that one slow item cannot stop the stage.

Without it, a server that never answers keeps its worker for ever. There are three limits, and each
has its own owner:

    a call of a stage    Stage(fetch, layers=[Timeout(2)])         this module
    an item, in total    ItemDeadline(5), in front of each stage   `item_deadline`
    the whole run        Pipeline(…, deadline=60)                  the pipeline itself

Cancelling is a request. The function gets a `CancelledError` where it waits, its clean-up runs
(`finally`, `async with`), and only then it has ended:

    0 s ────────────── timeout ─────────── timeout + grace
       the call           its clean-up                    abandoned, if it still runs

So with a timeout of 1 s and a clean-up of 2 s the caller goes on after 3 s, unless `grace` says
otherwise. A function in a thread or process cannot be asked at all: its caller goes on, and it is
counted as still running until it has ended.

Not for a plain function that computes on the event loop: nobody can look at the clock meanwhile.
Give such a stage an executor.
"""

from math import inf
from typing import Any

from pipeline_kit.patterns.time_limit import CallTimeoutError, TimeLimit, TimeoutStatistics

__all__ = ["CallTimeoutError", "Timeout", "TimeoutStatistics"]


class Timeout(TimeLimit):
    """A layer that cancels each call after `timeout` seconds.

    Args:
        timeout: seconds that a call may take.
        grace: seconds that the clean-up of a cancelled call may take; then the call is abandoned:
            the caller goes on, and the rest of the clean-up goes on beside it. By default the
            caller waits for as long as it takes. A bound costs a task for each call, some 10 µs.

    Raises:
        ValueError: `timeout` is not above 0 or not finite, or `grace` is below 0.
    """

    def __init__(self, timeout: float, *, grace: float = inf) -> None:
        if not 0 < timeout < inf:
            raise ValueError(
                f"timeout must be above 0 seconds and finite, got {timeout!r}; "
                "for no limit, leave the layer out"
            )
        super().__init__(grace)
        self.timeout = timeout

    def _begin(self, item: Any, now: float) -> tuple[Any, float]:
        return item, now + self.timeout

    def _finish(self, result: Any, until: float) -> Any:
        return result

    def _error(self, *, still_running: bool) -> CallTimeoutError:
        return CallTimeoutError(f"the timeout of {self.timeout} s", still_running=still_running)
