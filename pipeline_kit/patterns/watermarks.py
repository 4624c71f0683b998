"""Watermarks: tell the source to stop before the queue is full, and to go on when it has drained.

Some sources cannot be made to wait, but can be told to: a socket whose reading is paused, a poller,
a broker. To tell them at each item would be too often; so there are two marks, far apart:

    share of the bound that is in use
       1.0 ┤          full
           │      ╭──╮
      high ┤·····╱····╲··········╱     at `high`: on_high(), once
           │    ╱      ╲        ╱
       low ┤···╱········╲······╱·      and then at `low`: on_low(), once
           │  ╱          ╲____╱
         0 ┤

    go = asyncio.Event()
    marks = Watermarks(on_high=go.clear, on_low=go.set)
    Stage(parse, channel=lambda: OverflowChannel(100, watermarks=marks))

What lies above the high mark is for what is on its way already when the source hears of it. The
bound may be in items or in weight; of both, the fuller one counts. As in asyncio's transports, and
as with the window of TCP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline_kit.callbacks import check_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermarks:
    """Whom to tell when a channel gets full, and when there is room again.

    Raises:
        TypeError: `on_high` or `on_low` is not callable, or async.
        ValueError: not 0 <= `low` < `high` <= 1.
    """

    on_high: Callable[[], object]
    """Called when the channel has filled up to `high`, within the send that did it. It must not
    fail."""
    on_low: Callable[[], object]
    """Called when it has then drained to `low`, within the receive that did it. Likewise."""
    high: float = 0.8
    """Share of the bound, from above 0 to 1."""
    low: float = 0.2
    """Share of the bound, from 0 to below `high`."""

    def __post_init__(self) -> None:
        check_plain("on_high", self.on_high, takes="nothing")
        check_plain("on_low", self.on_low, takes="nothing")
        if not 0 <= self.low < self.high <= 1:
            raise ValueError(
                "watermarks are shares of the bound, 0 <= low < high <= 1, "
                f"got low={self.low!r}, high={self.high!r}"
            )

    def watch(self) -> "Watch":
        """Return a watch over one channel, which is empty now."""
        return Watch(self)


class Watch:
    """Follows the level of one channel."""

    def __init__(self, marks: Watermarks) -> None:
        self._marks = marks
        self.is_high = False
        """Whether the high mark has been reached, and since then not the low one."""

    def note(self, level: float) -> None:
        """Note that `level` is the share of the bound that is in use; call whom it concerns."""
        if not self.is_high and level >= self._marks.high:
            self.is_high = True
            self._marks.on_high()
        elif self.is_high and level <= self._marks.low:
            self.is_high = False
            self._marks.on_low()
