"""What can be known of a channel at one moment: its state, and its totals so far."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """The state of a channel at one moment, and its totals so far."""

    capacity: float
    """The most items the channel may hold; `math.inf` for no bound."""
    depth: int
    """Items in the channel that no receiver has been woken for."""
    peak_depth: int
    """The greatest depth there has been."""
    sent: int
    """Items accepted from senders so far."""
    received: int
    """Items handed to receivers so far."""
    waiting_senders: int
    """Sends that wait for room."""
    waiting_receivers: int
    """Receives that wait for an item."""
    senders_waited: float
    """Seconds that sends have waited for room so far, summed over all of them."""
    receivers_waited: float
    """Seconds that receives have waited for an item so far, summed over all of them."""
    closed: bool
    """Whether the channel takes no more items."""
    dropped: int = 0
    """Items accepted from senders and then discarded; a plain channel never does that."""
