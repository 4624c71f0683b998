"""Circuit breaker: calls that are bound to fail are refused at once, until the other side is back.

A server that is down, or that answers after a minute, costs every caller that minute, and the calls
that keep coming in keep it down. A breaker notices, and spares both sides:

                  failure rate or slow call rate
                     at its threshold or above
        ┌────────┐ ────────────────────────────▶ ┌────────┐ ◀──┐
        │ closed │                               │  open  │    │ still at it or above
        └────────┘ ◀─────────────┐  after a wait └────────┘    │
        calls pass,              │                   ▼         │
        and are counted          │             ┌───────────┐   │
                                 └──────────── │ half-open │ ──┘
                               below it        └───────────┘
                                               some calls pass, as probes

It is the one of Resilience4j, with its names and, except for slow calls, its defaults. While it is
open, a call raises `CircuitOpen` and is not made. The item is not lost: a `Fallback` outside the
breaker gives a substitute, and without one the stage's `on_error` gets it as with any error.

    Stage(fetch, layers=[Fallback(last_good=True), CircuitBreaker(), Timeout(2)])

One breaker guards one thing that fails as a whole. Behind a breaker shared by ten servers of which
one is dead, the nine others are refused too: give each a breaker of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from math import inf
from types import CoroutineType
from typing import Any, Literal

from pipeline_kit.layer import Function
from pipeline_kit.patterns.call_rates import OUTCOMES, CallRates
from pipeline_kit.patterns.circuit_state import (
    CircuitOpen,
    CircuitStatistics,
    State,
    StateChange,
)
from pipeline_kit.patterns.exception_types import ExceptionTypes, as_exceptions
from pipeline_kit.patterns.sliding_window import CountWindow, TimeWindow, Window
from pipeline_kit.whole_numbers import check_whole

__all__ = ["CircuitBreaker", "CircuitOpen", "CircuitStatistics", "State", "StateChange"]


class CircuitBreaker:
    """A layer that refuses calls while too many of them fail or are slow.

    A call counts for the state in which it began; one that ends in a later state changes nothing.
    An open breaker becomes half-open with the first call after the wait. On a new event loop it is
    closed again.

    Args:
        failure_rate_threshold: per cent of failed calls from which on the breaker opens.
        slow_call_rate_threshold: per cent of slow calls from which on it opens.
        slow_call_duration_threshold: a call that takes more seconds than this is slow; by default
            none is.
        sliding_window_type: "count" for the last calls, "time" for the last seconds.
        sliding_window_size: how many calls, or seconds.
        minimum_number_of_calls: below so many calls in the window there are no rates; for a count
            window at most its size.
        wait_duration_in_open_state: seconds from open to half-open.
        permitted_number_of_calls_in_half_open_state: how many probes. When all have ended, their
            rates decide. A probe that is ignored or cancelled makes room for another one.
        max_wait_duration_in_half_open_state: seconds after which the breaker opens again if probes
            are still under way, at the next call. With a `Timeout` inside there is no need for it.
        ignore_exceptions: these say nothing about the other side, such as one about an invalid
            item, and count neither as failure nor as success.
        on_state_change: called with each `StateChange`.
        name: how errors call the breaker.

    Raises:
        TypeError: `on_state_change` is not callable, or `ignore_exceptions` are no `Exception`s.
        ValueError: a rate is not above 0 and at most 100, or `sliding_window_type` is neither of
            the two, or another number is not above 0.
    """

    def __init__(
        self,
        *,
        failure_rate_threshold: float = 50,
        slow_call_rate_threshold: float = 100,
        slow_call_duration_threshold: float = inf,
        sliding_window_type: Literal["count", "time"] = "count",
        sliding_window_size: int = 100,
        minimum_number_of_calls: int = 100,
        wait_duration_in_open_state: float = 60,
        permitted_number_of_calls_in_half_open_state: int = 10,
        max_wait_duration_in_half_open_state: float = inf,
        ignore_exceptions: ExceptionTypes = (),
        on_state_change: Callable[[StateChange], object] | None = None,
        name: str = "the circuit breaker",
    ) -> None:
        probes = permitted_number_of_calls_in_half_open_state
        check_whole("sliding_window_size", sliding_window_size)
        check_whole("minimum_number_of_calls", minimum_number_of_calls)
        check_whole("permitted_number_of_calls_in_half_open_state", probes)
        _check_seconds("wait_duration_in_open_state", wait_duration_in_open_state)
        _check_seconds("max_wait_duration_in_half_open_state", max_wait_duration_in_half_open_state)
        if sliding_window_type not in ("count", "time"):
            raise ValueError(
                f'sliding_window_type must be "count" or "time", got {sliding_window_type!r}'
            )
        if on_state_change is not None and not callable(on_state_change):
            raise TypeError(
                f"on_state_change must be callable with a StateChange, got {on_state_change!r}"
            )
        rates = partial(
            CallRates,
            failure_rate_threshold=failure_rate_threshold,
            slow_call_rate_threshold=slow_call_rate_threshold,
            slow_call_duration_threshold=slow_call_duration_threshold,
        )
        window: Callable[[], Window] = partial(TimeWindow, sliding_window_size, outcomes=OUTCOMES)
        minimum = minimum_number_of_calls
        if sliding_window_type == "count":
            window = partial(CountWindow, sliding_window_size, outcomes=OUTCOMES)
            minimum = min(minimum, sliding_window_size)
        self._new_rates: Callable[[], CallRates] = lambda: rates(
            window(), minimum_number_of_calls=minimum
        )
        self._rates_of_probes: Callable[[], CallRates] = lambda: rates(
            CountWindow(probes, outcomes=OUTCOMES), minimum_number_of_calls=probes
        )
        self.name = name
        self._wait = wait_duration_in_open_state
        self._probe_wait = max_wait_duration_in_half_open_state
        self._probes = self._probes_left = probes
        self._ignore = as_exceptions("ignore_exceptions", ignore_exceptions)
        self._on_state_change = on_state_change
        # Else no call needs to look at the clock, which takes longer than all the rest.
        self._is_timed = sliding_window_type == "time" or slow_call_duration_threshold < inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._state: State = "closed"
        self._since = 0.0
        self._rates = self._new_rates()
        self._refused = 0
        self._history: deque[StateChange] = deque(maxlen=100)

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item` if the breaker permits it.

        Raises:
            CircuitOpen: it does not, and the call was not made.
        """
        loop = asyncio.get_running_loop()
        if self._state != "closed" or loop is not self._loop:
            self._enter(loop)
        rates, start = self._rates, loop.time() if self._is_timed else 0.0
        try:
            result = function(item)
            if isinstance(result, CoroutineType) or isawaitable(result):  # `invoke`, but faster
                result = await result
        except BaseException as error:
            self._leave(rates, loop.time(), start, error)
            raise
        if self._is_timed or not rates.is_full_of_good:
            self._leave(rates, loop.time(), start)
        return result

    @property
    def state(self) -> State:
        """The state now; "open" also after the wait, until a call makes it half-open."""
        return self._state

    @property
    def history(self) -> tuple[StateChange, ...]:
        """The latest changes of state, 100 at most, oldest first."""
        return tuple(self._history)

    def statistics(self) -> CircuitStatistics:
        """Return the figures at this moment."""
        now = self._loop.time() if self._loop else 0.0
        return CircuitStatistics(self._state, self._rates.at(now), self._refused)

    def _enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let a call in that does not find the breaker closed, or refuse it."""
        if loop is not self._loop:  # another clock, where the times of the old one mean nothing
            self._loop, self._state, self._rates = loop, "closed", self._new_rates()
            self._history.clear()
            return
        now = loop.time()
        if self._state == "half_open" and not self._probes_left:
            if now - self._since < self._probe_wait:
                self._refuse(0.0)
            self._change("open", now)
        if self._state == "open":
            # Rounded, so that what is left of a sum of floats is not taken for a time to wait.
            wait = round(self._since + self._wait - now, 9)
            if wait > 0:
                self._refuse(wait)
            self._change("half_open", now)
        self._probes_left -= 1

    def _refuse(self, retry_in: float) -> None:
        self._refused += 1
        raise CircuitOpen(self.name, retry_in)

    def _leave(
        self, rates: CallRates, now: float, start: float, error: BaseException | None = None
    ) -> None:
        """Count a call that has ended, and change the state if that says so."""
        if rates is not self._rates:
            return  # it began in another state, and is old news
        if error is not None and not self._is_failure(error):
            if self._state == "half_open":
                self._probes_left += 1
        elif rates.add(error is not None, now - start, now):
            self._change("open", now)
        elif self._state == "half_open" and rates.calls == self._probes:
            self._change("closed", now)

    def _is_failure(self, error: BaseException) -> bool:
        return isinstance(error, Exception) and not isinstance(error, self._ignore)

    def _change(self, state: State, now: float) -> None:
        change = StateChange(now, self._state, state, self._rates.at(now))
        self._state, self._since = state, now
        self._rates = self._rates_of_probes() if state == "half_open" else self._new_rates()
        self._probes_left = self._probes
        self._history.append(change)
        if self._on_state_change:
            self._on_state_change(change)


def _check_seconds(name: str, seconds: float) -> None:
    if not seconds > 0:
        raise ValueError(f"{name} must be above 0 seconds, got {seconds!r}")
