import asyncio
from asyncio import create_task, gather, sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns.adaptive_rate import AdaptiveRateLimit
from pipeline_kit.patterns.limits import AIMD, Gradient


class Fixed:
    """An algorithm that adapts nothing, and remembers what it was told."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.told: list[tuple[float, int, bool]] = []

    def update(self, latency: float, in_flight: int, *, overloaded: bool) -> None:
        self.told.append((latency, in_flight, overloaded))


class Server:
    """Works on so many calls at once; others queue, and more than it can bear are refused."""

    def __init__(self, slots: int, *, bears: float = float("inf")) -> None:
        self.slots = slots
        self.bears = bears
        self.inside = self.peak = 0
        self._working = asyncio.Semaphore(slots)

    async def __call__(self, item: Any) -> Any:
        if self.inside >= self.bears:
            raise ConnectionRefusedError
        self.inside += 1
        self.peak = max(self.peak, self.inside)
        try:
            async with self._working:
                await sleep(0.1)
        finally:
            self.inside -= 1
        return item


async def fail(item: Any) -> None:
    await sleep(1)
    raise item


def now() -> float:
    return asyncio.get_running_loop().time()


async def note_time(item: Any) -> float:
    return now()


async def test_no_more_calls_are_in_flight_than_the_limit_in_whole_calls() -> None:
    layer, server = AdaptiveRateLimit(Fixed(2.9)), Server(100)
    calls = [create_task(layer.call(server, item)) for item in range(7)]
    await sleep(0.05)
    assert (layer.limit, layer.in_flight, layer.waiting) == (2, 2, 5)
    assert await gather(*calls) == list(range(7))
    assert (layer.in_flight, layer.waiting, server.peak) == (0, 0, 2)
    assert now() == pytest.approx(0.4)


async def test_the_algorithm_is_told_how_each_call_went() -> None:
    algorithm = Fixed(5)
    layer = AdaptiveRateLimit(algorithm, overload_errors=(TimeoutError, ConnectionError))
    calls = [layer.call(fail, TimeoutError()), layer.call(fail, ConnectionRefusedError())]
    await gather(*calls, return_exceptions=True)
    assert algorithm.told == [(1.0, 1, True), (1.0, 2, True)]
    await layer.call(sleep, 2)
    assert algorithm.told[-1] == (2.0, 1, False)


async def test_errors_that_have_nothing_to_do_with_load_and_cancellations_are_not_told() -> None:
    algorithm = Fixed(5)
    layer = AdaptiveRateLimit(algorithm, overload_errors=(TimeoutError,))
    with pytest.raises(ValueError, match="bad item"):
        await layer.call(fail, ValueError("bad item"))
    call = create_task(layer.call(sleep, 10))
    await sleep(1)
    call.cancel()
    await asyncio.wait([call])
    assert (algorithm.told, layer.in_flight) == ([], 0)


async def test_a_higher_limit_lets_in_those_who_wait_in_order() -> None:
    algorithm, order = Fixed(1), list[str]()
    layer = AdaptiveRateLimit(algorithm)

    async def note(name: str) -> None:
        order.append(f"{name} {now():.0f}")
        await sleep(1)

    calls = [create_task(layer.call(note, name)) for name in "abcd"]
    await sleep(0.5)
    algorithm.limit = 2
    calls.append(create_task(layer.call(note, "comes late and does not overtake")))
    await gather(*calls)
    assert order == ["a 0", "b 1", "c 1", "d 2", "comes late and does not overtake 2"]


@pytest.mark.parametrize("just", ["before", "after"])
async def test_a_place_is_not_lost_on_someone_who_is_cancelled_just_then(just: str) -> None:
    layer = AdaptiveRateLimit(Fixed(1))

    async def first(item: str) -> None:
        await sleep(1)
        if just == "before":
            calls[1].cancel()  # and then the place is given back
        else:
            asyncio.get_running_loop().call_soon(calls[1].cancel)

    calls = [
        create_task(layer.call(function, "item")) for function in (first, note_time, note_time)
    ]
    await asyncio.wait(calls)
    assert calls[1].cancelled()
    assert calls[2].result() == 1.0
    assert (layer.in_flight, layer.waiting) == (0, 0)


async def test_the_cancelled_no_longer_wait() -> None:
    layer = AdaptiveRateLimit(Fixed(1))
    calls = [create_task(layer.call(sleep, 5)) for _ in range(3)]
    await sleep(1)
    calls[1].cancel()
    await sleep(1)
    assert (layer.in_flight, layer.waiting) == (1, 1)
    await asyncio.wait(calls)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.integers(0, 5), st.none() | st.integers(0, 8), st.booleans()
        ),
        max_size=30,
    ),
    st.integers(1, 4),
    st.booleans(),
)
def test_places_are_neither_exceeded_nor_lost(
    calls: list[tuple[int, int, int | None, bool]], limit: int, adaptive: bool
) -> None:
    """Whatever fails or is cancelled when: never more in flight than allowed, all given back."""
    began: list[tuple[int, float]] = []

    async def main() -> None:
        algorithm = AIMD(initial_limit=limit, max_limit=6) if adaptive else Fixed(limit)
        layer = AdaptiveRateLimit(algorithm)

        async def work(item: tuple[int, int, bool]) -> None:
            number, seconds, fails = item
            assert layer.in_flight <= layer.limit
            began.append((number, now()))
            await sleep(seconds)
            if fails:
                raise ConnectionError

        tasks = []
        for number, (wait, seconds, cancel_after, fails) in enumerate(calls):
            await sleep(wait)
            tasks.append(create_task(layer.call(work, (number, seconds, fails))))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after, tasks[-1].cancel)
        results = await gather(*tasks, return_exceptions=True)
        assert not any(isinstance(result, AssertionError) for result in results)
        assert (layer.in_flight, layer.waiting) == (0, 0)

    virtual_time.run(main)
    times = [time for _, time in sorted(began)]
    assert times == sorted(times)  # who came later did not begin sooner
    assert {n for n, call in enumerate(calls) if call[2] is None} <= {n for n, _ in began}


async def run_through(layer: AdaptiveRateLimit, server: Server, items: int) -> int:
    """Push items through a stage as fast as the layer lets them; return how many failed."""
    stage = Stage(server, name="server", workers=100, layers=[layer], on_error=lambda error: None)
    async with Pipeline(stage).run(range(items)) as run:
        async for _ in run:
            pass
    return run.errors.total


async def test_aimd_finds_what_a_server_bears_with_few_errors_and_little_idle_time() -> None:
    algorithm, server = AIMD(initial_limit=2), Server(slots=1000, bears=20)
    failed = await run_through(AdaptiveRateLimit(algorithm), server, 5000)
    assert 17 <= algorithm.limit <= 22
    assert failed < 0.03 * 5000
    assert now() < 1.15 * 5000 * 0.1 / 20
    unlimited = Server(slots=1000, bears=20)
    assert await run_through(AdaptiveRateLimit(Fixed(100)), unlimited, 5000) > 0.8 * 5000


async def test_gradient_finds_it_from_latency_alone_and_keeps_the_queue_short() -> None:
    algorithm, server = Gradient(initial_limit=2, long_window=600), Server(slots=20)
    await run_through(AdaptiveRateLimit(algorithm), server, 5000)
    assert now() < 1.1 * 5000 * 0.1 / 20
    assert server.peak < 50  # where the 100 workers alone would make it 100


async def test_gradient_follows_a_server_that_loses_most_of_its_capacity() -> None:
    algorithm, before, after = Gradient(initial_limit=2), Server(slots=20), Server(slots=4)
    layer = AdaptiveRateLimit(algorithm)
    await run_through(layer, before, 2000)
    found = algorithm.limit
    await run_through(layer, after, 500)
    assert algorithm.limit < found / 2


async def test_while_the_stage_has_few_workers_the_limit_does_not_run_away() -> None:
    algorithm = AIMD(initial_limit=20)
    stage = Stage(Server(100), name="server", workers=5, layers=[AdaptiveRateLimit(algorithm)])
    await Pipeline(stage).collect(range(1000))
    assert algorithm.limit == 20


def test_something_that_is_no_algorithm_is_refused() -> None:
    with pytest.raises(TypeError, match=r"such as AIMD\(\) or Gradient\(\), got 20"):
        AdaptiveRateLimit(20)  # type: ignore[arg-type] # that is the point


def test_what_is_no_exception_is_refused() -> None:
    with pytest.raises(TypeError, match="overload_errors must be an Exception class or a tuple"):
        AdaptiveRateLimit(AIMD(), overload_errors=asyncio.CancelledError)  # type: ignore[arg-type] # that is the point
