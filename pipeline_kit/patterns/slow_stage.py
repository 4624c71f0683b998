"""Slow stage: find the stage that holds the others up, from who waits for whom.

When a pipeline is slow its stages look alike: most of the time they all wait. But for different
things. Those before the slow stage wait for room to send, those behind it for items:

    read ─▶ [ full ] ─▶ parse ─▶ [ full ] ─▶ store ─▶ [ empty ] ─▶ send
      blocked             blocked             slow                   starved

So of those in front of which others wait, or items are dropped, the slow one is who waits least
itself. Nothing has to be measured for it but what the channels count anyway.

    async with pipeline.run(source) as run:
        ...
        print(slow_stage(run.metrics))
"""

from collections.abc import Sequence
from itertools import repeat

from pipeline_kit.stage_metrics import StageMetrics
from pipeline_kit.trace import SINK


def slow_stage(now: Sequence[StageMetrics], before: Sequence[StageMetrics] = ()) -> str | None:
    """Return the name of the stage that holds the others up.

    Args:
        now: the `metrics` of a run.
        before: those of an earlier moment, to look only at what happened since.

    Returns:
        The stage's name; `"sink"` if the results are not taken fast enough; None if nobody waits
        to send and nothing is dropped, so that no stage is slower than the source.
    """
    earlier = _waiting(before) if before else repeat((0.0, 0.0))
    slow, least = None, 0.0
    for name, late, early in zip([*(s.name for s in now), SINK], _waiting(now), earlier):  # noqa: B905 - `repeat` has no end
        waited_for, waits = late[0] - early[0], late[1] - early[1]
        if waited_for > 0 and (slow is None or waits < least):
            slow, least = name, waits
    return slow


def _waiting(metrics: Sequence[StageMetrics]) -> list[tuple[float, float]]:
    """Return for each stage, and for the sink, how much it is waited for, and how long it waits.

    That is, the seconds that senders waited in front of it, and items dropped there; and the
    seconds that each of its workers waited for items and for room.
    """
    stages = [
        (
            stage.queue.senders_waited + stage.queue.dropped,
            (stage.queue.receivers_waited + stage.behind.senders_waited) / stage.workers,
        )
        for stage in metrics
    ]
    results = metrics[-1].behind
    return [*stages, (results.senders_waited, results.receivers_waited)]
