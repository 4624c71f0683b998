"""What the world saw of one run of an answer: what every claim is about."""

from dataclasses import dataclass

from pipeline_kit.grading.process.protocol import Ended
from pipeline_kit.grading.status import Unmet
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.trace import SINK, Trace


@dataclass(frozen=True)
class GradedRun:
    """What the world saw of one run of an answer."""

    play: Play
    """The world as it was at the end."""
    ended: Ended
    """How the run ended, as the student's process tells it."""

    @property
    def trace(self) -> Trace:
        """Who worked on which item when."""
        return self.play.trace

    @property
    def came_out(self) -> list[int]:
        """Numbers of the items that reached the sink, in order."""
        return [event.item for event in self.trace.of(SINK, "started")]

    @property
    def times_out(self) -> list[float]:
        """When each of them did, in virtual seconds."""
        return self.trace.completions(SINK)

    def unmet(self, message: str, *, at: float | None = None) -> Unmet:
        """Return what to raise if a claim about this run does not hold.

        Args:
            message: what happened, at which virtual time, and what should have.
            at: the moment to look at, in virtual seconds; by default the end of the run.
        """
        return Unmet(message, at=self.play.now if at is None else at, trace=self.trace)
