"""The circuit of a circuit breaker: closed, open or half-open, and when it changes.

    closed      a rate is at its threshold, or above                  ──▶ open
    open        a call comes after the wait                           ──▶ half-open
    half-open   a rate of the probes is at its threshold, or above    ──▶ open
                all probes have ended, and the rates are below        ──▶ closed

It knows nothing of functions, tasks or clocks, only what time it is told and how calls have ended,
so it can be studied with a few numbers. For the layer that makes the calls see `circuit_breaker`.
"""

from collections import deque
from collections.abc import Callable

from pipeline_kit.patterns.call_rates import CallRates
from pipeline_kit.patterns.circuit_state import CircuitOpen, CircuitStatistics, State, StateChange


class Circuit:
    """Lets calls in or refuses them, by how those before them have ended; begins closed.

    Args:
        name: how errors call it.
        new_rates: makes the rates of a closed circuit, of which no call has ended yet.
        rates_of_probes: the same for one that is half-open.
        probes: how many calls a half-open circuit lets in.
        wait: seconds from open to half-open.
        probe_wait: seconds after which a half-open circuit opens again if probes have not ended.
        on_change: called with each `StateChange`.
    """

    def __init__(
        self,
        name: str,
        *,
        new_rates: Callable[[], CallRates],
        rates_of_probes: Callable[[], CallRates],
        probes: int,
        wait: float,
        probe_wait: float,
        on_change: Callable[[StateChange], object],
    ) -> None:
        self.state: State = "closed"
        self.rates = new_rates()
        """What is known of calls since the last change; another object after each."""
        self.history: deque[StateChange] = deque(maxlen=100)
        """The latest changes, oldest first."""
        self._name = name
        self._new_rates, self._rates_of_probes = new_rates, rates_of_probes
        self._probes = self._probes_left = probes
        self._wait, self._probe_wait = wait, probe_wait
        self._on_change = on_change
        self._since = 0.0
        self._refused = 0

    def begin_anew(self) -> None:
        """Close, and forget all calls: there is another clock, where the old times mean nothing."""
        self.state, self.rates = "closed", self._new_rates()
        self.history.clear()

    def enter(self, now: float) -> None:
        """Let a call in that does not find the circuit closed.

        Raises:
            CircuitOpen: it is refused.
        """
        if self.state == "half_open" and not self._probes_left:
            if now - self._since < self._probe_wait:
                self._refuse(0.0)
            self._change("open", now)
        if self.state == "open":
            # Rounded, so that what is left of a sum of floats is not taken for a time to wait.
            wait = round(self._since + self._wait - now, 9)
            if wait > 0:
                self._refuse(wait)
            self._change("half_open", now)
        self._probes_left -= 1

    def leave(self, rates: CallRates, now: float, start: float, failed: bool = False) -> None:
        """Count a call that has ended, and change if that says so.

        Args:
            rates: those of the circuit when the call began.
            now: when it has ended, in seconds.
            start: when it began; only the difference matters, and only if slow calls are counted.
            failed: whether it has failed.
        """
        if rates is not self.rates:
            return  # it began in another state, and is old news
        if rates.add(failed, now - start, now):
            self._change("open", now)
        elif self.state == "half_open" and rates.calls == self._probes:
            self._change("closed", now)

    def give_back(self, rates: CallRates) -> None:
        """Let another call in for one that has said nothing about the other side."""
        if rates is self.rates and self.state == "half_open":
            self._probes_left += 1

    def statistics(self, now: float) -> CircuitStatistics:
        """Return the figures at the time `now`."""
        return CircuitStatistics(self.state, self.rates.at(now), self._refused)

    def _refuse(self, retry_in: float) -> None:
        self._refused += 1
        raise CircuitOpen(self._name, retry_in)

    def _change(self, state: State, now: float) -> None:
        change = StateChange(now, self.state, state, self.rates.at(now))
        self.state, self._since = state, now
        self.rates = self._rates_of_probes() if state == "half_open" else self._new_rates()
        self._probes_left = self._probes
        self.history.append(change)
        self._on_change(change)
