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

The idea is Nygard's ("Release It!", 2007); the breaker is that of Resilience4j, with its names and,
except for slow calls, its defaults. While it is open, a call raises `CircuitOpen` and is not made.
The item is not lost: a `Fallback` outside the breaker gives a substitute, and without one the
stage's `on_error` gets it as with any error.

    Stage(fetch, layers=[Fallback(last_good=True), CircuitBreaker(), Timeout(2)])

One breaker guards one thing that fails as a whole. Behind a breaker shared by ten servers of which
one is dead, the nine others are refused too: give each a breaker of its own.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from math import inf
from types import CoroutineType
from typing import Any, Literal

from pipeline_kit.callbacks import check_plain
from pipeline_kit.layer import Function
from pipeline_kit.patterns.call_rates import OUTCOMES, CallRates
from pipeline_kit.patterns.circuit import Circuit
from pipeline_kit.patterns.circuit_state import CircuitOpen, CircuitStatistics, State, StateChange
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
        on_state_change: Callable[[StateChange], object] = lambda change: None,
        name: str = "the circuit breaker",
    ) -> None:
        probes = permitted_number_of_calls_in_half_open_state
        check_whole("sliding_window_size", sliding_window_size)
        check_whole("minimum_number_of_calls", minimum_number_of_calls)
        check_whole("permitted_number_of_calls_in_half_open_state", probes)
        _check_seconds("wait_duration_in_open_state", wait_duration_in_open_state)
        _check_seconds("max_wait_duration_in_half_open_state", max_wait_duration_in_half_open_state)
        check_plain("on_state_change", on_state_change, takes="a StateChange")
        rates = partial(
            CallRates,
            failure_rate_threshold=failure_rate_threshold,
            slow_call_rate_threshold=slow_call_rate_threshold,
            slow_call_duration_threshold=slow_call_duration_threshold,
        )
        window = _windows(sliding_window_type, sliding_window_size)
        minimum = minimum_number_of_calls
        if sliding_window_type == "count":
            minimum = min(minimum, sliding_window_size)
        self.name = name
        self._circuit = Circuit(
            name,
            new_rates=lambda: rates(window(), minimum_number_of_calls=minimum),
            rates_of_probes=lambda: rates(
                CountWindow(probes, outcomes=OUTCOMES), minimum_number_of_calls=probes
            ),
            probes=probes,
            wait=wait_duration_in_open_state,
            probe_wait=max_wait_duration_in_half_open_state,
            on_change=on_state_change,
        )
        self._ignore = as_exceptions("ignore_exceptions", ignore_exceptions)
        # Else no call needs to look at the clock, which takes longer than all the rest.
        self._is_timed = sliding_window_type == "time" or slow_call_duration_threshold < inf
        self._loop: asyncio.AbstractEventLoop | None = None

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item` if the breaker permits it.

        Raises:
            CircuitOpen: it does not, and the call was not made.
        """
        loop, circuit, is_timed = asyncio.get_running_loop(), self._circuit, self._is_timed
        if loop is not self._loop:
            self._loop = loop
            circuit.begin_anew()
        elif circuit.state != "closed":
            circuit.enter(loop.time())
        rates, start = circuit.rates, loop.time() if is_timed else 0.0
        try:
            result = function(item)
            if type(result) is CoroutineType or isawaitable(result):  # `invoke`, but faster
                result = await result
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, self._ignore):
                circuit.leave(rates, loop.time(), start, failed=True)
            else:
                circuit.give_back(rates)
            raise
        if is_timed or not rates.is_full_of_good:
            circuit.leave(rates, loop.time(), start)
        return result

    @property
    def state(self) -> State:
        """The state now; "open" also after the wait, until a call makes it half-open."""
        return self._circuit.state

    @property
    def history(self) -> tuple[StateChange, ...]:
        """The latest changes of state, 100 at most, oldest first."""
        return tuple(self._circuit.history)

    def statistics(self) -> CircuitStatistics:
        """Return the figures at this moment."""
        return self._circuit.statistics(self._loop.time() if self._loop else 0.0)


def _windows(kind: str, size: int) -> Callable[[], Window]:
    """Return what makes sliding windows of that kind."""
    if kind == "count":
        return partial(CountWindow, size, outcomes=OUTCOMES)
    if kind == "time":
        return partial(TimeWindow, size, outcomes=OUTCOMES)
    raise ValueError(f'sliding_window_type must be "count" or "time", got {kind!r}')


def _check_seconds(name: str, seconds: float) -> None:
    if not seconds > 0:
        raise ValueError(f"{name} must be above 0 seconds, got {seconds!r}")
