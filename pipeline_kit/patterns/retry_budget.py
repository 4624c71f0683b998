"""Retry budget: retries may be a share of the calls and no more, however many fail.

When a server fails now and then, each retry helps. When it fails altogether, three attempts a call
are three times the load, at the worst moment. A budget tells the two apart without knowing
anything: it allows a retry for every fifth call, say, and when more fail, they fail at once.

    calls     ✓ ✓ ✕ ✓ ✓ ✓ ✓ ✕ ✓ ✓ ✕ ✕ ✕ ✕ ✕ ✕
    retries       ↻         ↻     ↻ ↻ · · · ·        load: 1.2 times at most, instead of 3

The idea, the share and the minimum are those of Finagle's `RetryBudget` (Twitter, 2016); Envoy has
the same as `retry_budget`.
"""

import asyncio
from math import inf

from pipeline_kit.patterns.sliding_window import TimeWindow
from pipeline_kit.whole_numbers import check_whole

_CALL, _RETRY = 0, 1


class RetryBudget:
    """How many retries all calls together may make; shared by as many `Retry` layers as you like.

    At each retry it holds: the retries within the window are at most `share` of the calls within
    the window, plus `minimum`. On a new event loop the window is empty.

    Args:
        share: retries allowed for each call, such as 0.2 for one every five calls.
        minimum: retries allowed on top of that within the window, for times with few calls.
        window: how far back calls and retries count, in seconds (see `TimeWindow`).

    Raises:
        ValueError: `share` or `minimum` is below 0, or `window` is not above 0, or `share` or
            `window` is not finite.
    """

    def __init__(self, share: float = 0.2, *, minimum: int = 10, window: float = 10.0) -> None:
        if not 0 <= share < inf:
            raise ValueError(f"share must be 0 retries a call or more, and finite, got {share!r}")
        check_whole("minimum", minimum, least=0, of="retries")
        if not 0 < window < inf:
            raise ValueError(f"window must be above 0 seconds and finite, got {window!r}")
        self.share = share
        self.minimum = minimum
        self.window = window
        self._counted = TimeWindow(window)
        self._loop: asyncio.AbstractEventLoop | None = None

    def note_call(self) -> None:
        """Count a call, retries not included; `Retry` does so."""
        now = self._now()
        self._counted.add(_CALL, now)

    def try_spend(self) -> bool:
        """Take a retry out of the budget if there is one; tell whether there was."""
        if self.balance < 1:
            return False
        now = self._now()
        self._counted.add(_RETRY, now)
        return True

    @property
    def balance(self) -> float:
        """How many retries there are at this moment."""
        now = self._now()
        self._counted.forget(now)
        calls, retries = self._counted.counts
        # Shares add up inexactly: ten times 0.1 must not be less than one.
        return round(self.share * calls, 9) + self.minimum - retries

    def _now(self) -> float:
        """Return the time; to be asked before `_counted` is, which it may replace."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # another clock, where the times of the old one mean nothing
            self._loop, self._counted = loop, TimeWindow(self.window)
        return loop.time()
