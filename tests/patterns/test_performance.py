import asyncio
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns import performance
from pipeline_kit.patterns.performance import HOP, Recommendation, recommend


class Clocks:
    """Clocks for functions that only pretend to wait and to compute."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    def waits(self, seconds: float) -> None:
        self.wall += seconds

    def computes(self, seconds: float) -> None:
        self.wall += seconds
        self.cpu += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr(performance, "perf_counter", lambda: clocks.wall)
    monkeypatch.setattr(performance, "thread_time", lambda: clocks.cpu)
    monkeypatch.setattr(performance, "_has_gil", lambda: True)
    return clocks


async def advice(
    clocks: Clocks, waits: float, computes: float, *, plain: bool = True, **options: Any
) -> Recommendation:
    """Return what is recommended for a function that waits and computes for that many seconds."""

    def function(item: int) -> None:
        clocks.waits(waits)
        clocks.computes(computes)

    async def function_async(item: int) -> None:
        function(item)

    return await recommend(function if plain else function_async, range(3), **options)


async def test_what_computes_goes_to_processes_one_more_than_cores(clocks: Clocks) -> None:
    told = await advice(clocks, 0, 2, cores=4)
    assert (told.place, told.workers) == ("processes", 4 + 1)
    assert (await advice(clocks, 0, 2, cores=8, utilisation=0.5)).workers == 4 + 1


async def test_what_waits_goes_to_threads_by_the_ratio_of_waiting_to_computing(
    clocks: Clocks,
) -> None:
    told = await advice(clocks, 0.75, 0.125, cores=4)
    assert (told.place, told.workers) == ("threads", 1 + 6)
    assert (told.waited, told.computed, told.share_of_waiting) == (0.75, 0.125, 6 / 7)
    assert (await advice(clocks, 0.875, 0.125, utilisation=0.5)).workers == 4


async def test_what_waits_and_is_async_stays_on_the_event_loop(clocks: Clocks) -> None:
    told = await advice(clocks, 0.75, 0.125, plain=False)
    assert (told.place, told.workers) == ("event loop", 1 + 6)


async def test_what_computes_and_is_async_is_told_to_become_plain(clocks: Clocks) -> None:
    told = await advice(clocks, 0.125, 1, plain=False)
    assert (told.place, told.workers) == ("event loop", 1)
    assert "holds up all others: make it plain, for processes" in str(told)


@pytest.mark.parametrize("waits", [0, HOP / 4])
async def test_what_is_over_in_no_time_stays_where_it_is(clocks: Clocks, waits: float) -> None:
    told = await advice(clocks, waits, HOP / 4)
    assert (told.place, told.workers) == ("event loop", 1)


async def test_without_a_global_lock_threads_compute_as_well(
    clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "_has_gil", lambda: False)
    told = await advice(clocks, 0, 2, cores=4)
    assert (told.place, told.workers) == ("threads", 4 + 1)
    assert (await advice(clocks, 0.75, 0.125, cores=4)).workers == 4 * (1 + 6)


async def test_no_more_workers_are_recommended_than_allowed(clocks: Clocks) -> None:
    assert (await advice(clocks, 100, 0.001)).workers == 100
    assert (await advice(clocks, 100, 0)).workers == 100
    assert (await advice(clocks, 0, 1, cores=64, max_workers=16)).workers == 16


async def test_the_first_of_several_calls_only_warms_up(clocks: Clocks) -> None:
    seconds = iter([100, 2, 4])
    told = await recommend(lambda item: clocks.computes(next(seconds)), range(3))
    assert told.computed == 3
    assert (await recommend(lambda item: clocks.computes(5), [0])).computed == 5


async def test_clocks_that_disagree_a_little_make_no_negative_time(clocks: Clocks) -> None:
    def function(item: int) -> None:
        clocks.wall += 1
        clocks.cpu += 1.01

    told = await recommend(function, range(3))
    assert (told.waited, told.computed) == (0, 1)


async def test_the_advice_reads_as_a_sentence(clocks: Clocks) -> None:
    told = await advice(clocks, 0.003, 0.001)
    assert str(told) == (
        "4 workers in threads: a call waits 3 ms and computes 1 ms; "
        "while it waits, other threads run"
    )
    assert str(await advice(clocks, 0, 0)).startswith("1 worker on the event loop: a call waits 0")


async def test_each_item_is_called_once_and_errors_pass_through(clocks: Clocks) -> None:
    called: list[str] = []
    await recommend(called.append, iter("abc"))
    assert called == ["a", "b", "c"]
    with pytest.raises(ZeroDivisionError):
        await recommend(lambda item: 1 / item, [0])


def test_really_sleeping_is_waiting_and_really_computing_is_not() -> None:
    def sleep(item: int) -> None:
        time.sleep(0.005)

    async def sleep_async(item: int) -> None:
        await asyncio.sleep(0.005)

    def compute(item: int) -> None:
        until = time.thread_time() + 0.005
        while time.thread_time() < until:
            pass

    for function, place in ((sleep, "threads"), (sleep_async, "event loop")):
        told = asyncio.run(recommend(function, range(3)))
        assert told.place == place
        assert told.waited > told.computed
    assert asyncio.run(recommend(compute, range(3))).computed >= 0.005


@pytest.mark.parametrize("place", ["event loop", "threads", "processes"])
async def test_the_executor_that_is_made_goes_with_a_stage(place: Any) -> None:
    kinds = {"threads": ThreadPoolExecutor, "processes": ProcessPoolExecutor}
    told = Recommendation(place, 2, 0.0, 0.0, "")
    with told.make_executor() as executor:
        assert isinstance(executor, kinds.get(place, type(None)))
        stage = Stage(abs, workers=told.workers, executor=executor, ordered=True)
        if place != "processes":  # starting one is not what this is about
            assert await Pipeline(stage).collect([-1, -2]) == [1, 2]


def test_the_machine_is_asked_for_its_cores_and_its_lock() -> None:
    assert performance._cores() >= 1
    free = getattr(sys, "_is_gil_enabled", None)
    assert performance._has_gil() is (free is None or free())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cores": 0}, "cores must be a whole number, 1 or more, got 0; None counts"),
        ({"utilisation": 0}, "utilisation must be above 0 and at most 1, got 0"),
        ({"utilisation": 1.5}, "utilisation must be above 0 and at most 1, got 1.5"),
        ({"max_workers": 0}, "max_workers must be a whole number, 1 or more, got 0"),
        ({"sample_items": []}, "sample_items must be one item or more, got none"),
    ],
)
async def test_impossible_numbers_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        await recommend(abs, **{"sample_items": [1], **options})


async def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="function must be callable with one item, got 'f'"):
        await recommend("f", [1])  # type: ignore[arg-type] # that is the point


times = st.floats(0, 10)


@given(times, times, st.integers(1, 64), st.floats(0.01, 1), st.integers(1, 50), st.booleans())
@example(1.0, 5e-324, 1, 1.0, 1, False)  # the smallest time there is: their quotient is infinite
def test_there_is_always_advice_within_bounds(
    waits: float, computes: float, cores: int, utilisation: float, most: int, plain: bool
) -> None:
    """Law: from 1 to `max_workers` workers, and an async function never in an executor."""
    clocks = Clocks()
    options: dict[str, Any] = {"cores": cores, "utilisation": utilisation, "max_workers": most}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(performance, "perf_counter", lambda: clocks.wall)
        patch.setattr(performance, "thread_time", lambda: clocks.cpu)
        told = virtual_time.run(lambda: advice(clocks, waits, computes, plain=plain, **options))
    assert 1 <= told.workers <= most
    assert 0 <= told.share_of_waiting <= 1
    assert plain or told.place == "event loop"


async def test_a_plain_function_that_hides_an_async_one_is_refused() -> None:
    with pytest.raises(TypeError, match="returns a coroutine: pass the async function itself"):
        await recommend(lambda seconds: asyncio.sleep(seconds), [1, 2])
