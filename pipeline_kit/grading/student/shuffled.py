"""The loop of a graded run on which tasks that are ready take turns in a random order."""

from random import Random
from typing import Any

from pipeline_kit.grading.student.remote import RemoteClockLoop, Wire
from pipeline_kit.shuffled_loop import ShuffledLoop


class ShuffledRemoteLoop(ShuffledLoop, RemoteClockLoop):
    """A loop whose clock is the grader's and whose order is drawn from a seed.

    Args:
        wire: the connection to the grader.
        seed: equal seeds give equal orders.
    """

    def __init__(self, wire: Wire, seed: int) -> None:
        # In place of ShuffledLoop's own, which knows of no wire. Delays are the world's to vary.
        self._random, self._jitter, self.steps = Random(seed), 0.0, 0
        RemoteClockLoop.__init__(self, wire)

    def _hear(self, reply: dict[str, Any]) -> None:
        super()._hear(reply)
        self._shuffle()  # those who got something go on at once, before the loop looks again
