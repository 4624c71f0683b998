"""A run up to a moment after its last event, for runs that stand still or are stopped.

A trace ends with its last event. A deadlock is found later, when whoever still worked has come to
wait too; a deadline may come at any time. A picture is to show what went on until then.
"""

from pipeline_kit.trace import Trace


def up_to(trace: Trace, moment: float) -> Trace:
    """Return `trace` such that what still goes on at its end goes on until `moment`.

    Args:
        trace: a run.
        moment: in seconds; one before the last event leaves the run as it is.
    """
    return _UpTo(trace, moment) if moment > trace.makespan else trace


class _UpTo(Trace):
    def __init__(self, trace: Trace, moment: float) -> None:
        super().__init__(trace.stages, trace.events, trace.marks)
        self._moment = moment

    @property
    def makespan(self) -> float:
        """Seconds from the start of the run to that moment."""
        return self._moment
