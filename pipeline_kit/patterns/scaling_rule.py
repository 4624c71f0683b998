"""When to have a worker more, and when one fewer: what an `Autoscaler` goes by.

    utilisation of the workers, each period
      1.0 ┤
          │  above 0.8, and no slot free: one more
      0.8 ┤────────────────────────────────────────
          │  in between: all is well
      0.5 ┤────────────────────────────────────────
          │  below 0.5, three periods in a row: one fewer
        0 ┤

The gap between the two thresholds (hysteresis) keeps the number from flapping, with two rules more.
A worker only goes if the others can do its work without being above the upper threshold: at 90 % of
one worker, two would be at 45 %, but one is not enough. And one only goes when the load was low for
several periods, so that a short pause does not count.
"""

from collections import deque

from pipeline_kit.whole_numbers import check_whole, is_whole


class ScalingRule:
    """Decides on the number of workers; the parameters are those of `Autoscaler`."""

    def __init__(
        self,
        *,
        min_workers: int,
        max_workers: int,
        scale_up_above: float,
        scale_down_below: float,
        scale_down_after: int,
    ) -> None:
        whole = is_whole(min_workers) and is_whole(max_workers)
        if not whole or not 1 <= min_workers <= max_workers:
            raise ValueError(
                "min_workers must be 1 or more and max_workers no less, both whole numbers, "
                f"got min_workers={min_workers!r}, max_workers={max_workers!r}"
            )
        if not 0 <= scale_down_below < scale_up_above <= 1:
            raise ValueError(
                "scale_down_below must be less than scale_up_above, and both from 0 to 1, "
                f"got scale_down_below={scale_down_below!r}, scale_up_above={scale_up_above!r}"
            )
        check_whole("scale_down_after", scale_down_after, of="periods")
        self.workers = min_workers
        """How many there are to be."""
        self.min_workers, self.max_workers = min_workers, max_workers
        self.scale_up_above, self.scale_down_below = scale_up_above, scale_down_below
        self._lately: deque[float] = deque(maxlen=scale_down_after)  # at this number of workers

    def decide(self, utilisation: float, *, all_busy: bool) -> bool:
        """Take a step, or none, at the end of a period; tell whether one was taken."""
        self._lately.append(utilisation)
        if utilisation > self.scale_up_above and all_busy and self.workers < self.max_workers:
            self.workers += 1
        elif self._can_spare_one():
            self.workers -= 1
        else:
            return False
        self._lately.clear()
        return True

    @property
    def is_settled(self) -> bool:
        """Whether another period like the last ones would change nothing."""
        return bool(self._lately) and self._lately.count(self._lately[0]) == self._lately.maxlen

    def _can_spare_one(self) -> bool:
        if len(self._lately) < (self._lately.maxlen or 0) or self.workers == self.min_workers:
            return False
        most = max(self._lately)
        would_be = most * self.workers / (self.workers - 1)
        return most < self.scale_down_below and would_be < self.scale_up_above
