"""How far a stage of a running pipeline has come, read from the two channels beside it.

                ┌──────────── stage ───────────┐
    ──▶ [ queue ] ── taken ──▶ working ──▶ blocked? ── passed on ──▶ [ behind ] ──▶

Nothing is counted for it on the way of an item but what the channels count anyway.
"""

from dataclasses import dataclass

from pipeline_kit.channel_statistics import ChannelStatistics


@dataclass(frozen=True, slots=True)
class StageMetrics:
    """How far a stage of a running pipeline has come, at one moment."""

    name: str
    workers: int
    queue: ChannelStatistics
    """The channel in front of the stage."""
    behind: ChannelStatistics
    """The channel behind it, which is the queue of the next stage, or of the sink."""
    filtered: int = 0
    """Items that its function said were to go no further, by returning `FILTERED`."""
    skipped: int = 0
    """Items that failed and were left out; see `Stage(on_error=…)`."""

    @property
    def taken(self) -> int:
        """Items its workers have taken from the queue so far."""
        return self.queue.received

    @property
    def passed_on(self) -> int:
        """Results they have passed on so far."""
        return self.behind.sent

    @property
    def blocked(self) -> int:
        """Workers that hold a result and wait for room behind the stage."""
        return self.behind.waiting_senders

    @property
    def working(self) -> int:
        """Workers that are working on an item."""
        return self.taken - self.passed_on - self.blocked - self.filtered - self.skipped
