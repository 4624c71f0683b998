"""Follow a run: look at its counters again and again, not quite regularly.

A stage of the same rhythm as the looks would always be caught in the same state.
"""

import asyncio
from collections.abc import Callable
from itertools import count

from pipeline_kit.live.monitor import Monitor, Sample
from pipeline_kit.pipeline import Run

SAMPLES_PER_SECOND = 30
GOLDEN = 0.618  # the fractions of its multiples spread evenly and never repeat


class Follower:
    """Looks at one run, from now on.

    Args:
        run: the run, which has begun.
        monitor: keeps the samples.
        out: tells how many results have been taken.
        seen: called with each sample.
    """

    def __init__(
        self,
        run: Run,
        monitor: Monitor,
        out: Callable[[], int],
        seen: Callable[[Run, Sample], object],
    ) -> None:
        self._run, self._monitor, self._out, self._seen = run, monitor, out, seen
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()

    def look(self) -> None:
        """Look once, now."""
        time = self._loop.time() - self._began
        self._seen(self._run, self._monitor.look(self._run, time, self._out()))

    async def follow(self, limit: float, is_running: Callable[[], bool]) -> None:
        """Look 30 times a second until the run has gone on for `limit` seconds, without pauses.

        Args:
            limit: in seconds.
            is_running: tells whether the run goes on, or is paused.
        """
        ran_for = 0.0
        for number in count():
            if ran_for >= limit:
                return
            self.look()
            shift = (number + 1) * GOLDEN % 1 - number * GOLDEN % 1
            pause = (1 + shift) / SAMPLES_PER_SECOND
            await asyncio.sleep(pause)
            ran_for += pause if is_running() else 0.0
