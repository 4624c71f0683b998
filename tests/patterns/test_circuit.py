from functools import partial

import pytest

from pipeline_kit.patterns.call_rates import OUTCOMES, CallRates
from pipeline_kit.patterns.circuit import Circuit
from pipeline_kit.patterns.circuit_state import CircuitOpen, StateChange
from pipeline_kit.patterns.sliding_window import CountWindow


def rates_of(calls: int) -> CallRates:
    return CallRates(
        CountWindow(calls, outcomes=OUTCOMES),
        minimum_number_of_calls=calls,
        failure_rate_threshold=50,
        slow_call_rate_threshold=100,
        slow_call_duration_threshold=1,
    )


def circuit_of(changes: list[StateChange]) -> Circuit:
    """Make one that opens when two of four calls fail, for 10 s, and then lets two probes in."""
    return Circuit(
        "shop",
        new_rates=partial(rates_of, 4),
        rates_of_probes=partial(rates_of, 2),
        probes=2,
        wait=10,
        probe_wait=5,
        on_change=changes.append,
    )


def open_at(circuit: Circuit, now: float) -> None:
    for failed in (False, False, True, True):
        circuit.leave(circuit.rates, now, now, failed)
    assert circuit.state == "open"


def test_it_opens_waits_lets_probes_in_and_closes() -> None:
    changes: list[StateChange] = []
    circuit = circuit_of(changes)
    open_at(circuit, 1)
    with pytest.raises(CircuitOpen, match="shop is open, for another 4 s"):
        circuit.enter(7)
    for _ in range(2):
        circuit.enter(11)
    with pytest.raises(CircuitOpen, match="shop is half-open, and all its probes are under way"):
        circuit.enter(11)
    for _ in range(2):
        circuit.leave(circuit.rates, 12, 11)
    steps = [(change.time, change.before, change.after) for change in changes]
    assert steps == [(1, "closed", "open"), (11, "open", "half_open"), (12, "half_open", "closed")]
    assert changes == list(circuit.history)
    assert circuit.statistics(12).not_permitted_calls == 2


def test_a_call_that_began_in_another_state_changes_nothing() -> None:
    circuit = circuit_of([])
    old = circuit.rates
    open_at(circuit, 1)
    for _ in range(2):
        circuit.enter(11)
    circuit.leave(old, 12, 0, failed=True)
    circuit.give_back(old)
    assert circuit.state == "half_open"
    with pytest.raises(CircuitOpen):
        circuit.enter(12)


def test_a_probe_that_says_nothing_makes_room_for_another() -> None:
    circuit = circuit_of([])
    open_at(circuit, 1)
    for _ in range(2):
        circuit.enter(11)
    circuit.give_back(circuit.rates)
    circuit.enter(12)
    with pytest.raises(CircuitOpen):
        circuit.enter(12)


def test_probes_that_never_end_open_it_again_with_the_next_call() -> None:
    circuit = circuit_of([])
    open_at(circuit, 1)
    for _ in range(2):
        circuit.enter(11)
    with pytest.raises(CircuitOpen, match="for another 10 s"):
        circuit.enter(16)
    assert circuit.state == "open"


def test_slow_calls_open_it_as_well() -> None:
    circuit = circuit_of([])
    for _ in range(4):
        circuit.leave(circuit.rates, 3, 1)
    assert circuit.state == "open"


def test_beginning_anew_forgets_what_was_counted() -> None:
    circuit = circuit_of([])
    open_at(circuit, 1)
    circuit.begin_anew()
    assert (circuit.state, circuit.rates.calls, list(circuit.history)) == ("closed", 0, [])
