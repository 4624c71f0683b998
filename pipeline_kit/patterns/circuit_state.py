"""What a circuit breaker tells of itself: its state, its changes, and that it refused a call."""

from dataclasses import dataclass
from typing import Literal

from pipeline_kit.patterns.call_rates import Rates

State = Literal["closed", "open", "half_open"]


class CircuitOpen(Exception):  # noqa: N818 - reads as what happened, like ChannelClosed
    """A call was refused by a circuit breaker, and not made."""

    def __init__(self, name: str, retry_in: float) -> None:
        self.name = name
        """The breaker's name."""
        self.retry_in = retry_in
        """Seconds until the breaker is half-open; 0 if it is, with all its probes under way."""
        super().__init__(name, retry_in)

    def __str__(self) -> str:
        if self.retry_in:
            return f"{self.name} is open, for another {self.retry_in:.3g} s"
        return f"{self.name} is half-open, and all its probes are under way"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A moment at which a breaker changed its state."""

    time: float
    """By the clock of the event loop, in seconds."""
    before: State
    after: State
    rates: Rates
    """Those of the state before; they are what made it open or close."""


@dataclass(frozen=True, slots=True)
class CircuitStatistics:
    """How a breaker stands, at one moment."""

    state: State
    rates: Rates
    """The calls in its window; while half-open, the probes that have ended."""
    not_permitted_calls: int
    """Calls refused so far."""
