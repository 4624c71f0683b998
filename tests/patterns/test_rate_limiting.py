import asyncio
import gc
import math
from asyncio import create_task, gather, sleep
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns.rate_limiting import RateLimit, RateLimitStatistics


def now() -> float:
    return asyncio.get_running_loop().time()


def now_ns() -> int:
    return round(now() * 10**9)


async def note_time(item: Any) -> float:
    return now()


async def starts_of(limit: RateLimit, count: int) -> list[float]:
    return list(await gather(*(limit.call(note_time, item) for item in range(count))))


async def test_a_burst_at_once_and_then_one_every_so_often() -> None:
    assert await starts_of(RateLimit(4, burst=3), 6) == [0, 0, 0, 0.25, 0.5, 0.75]


async def test_the_bucket_fills_in_a_pause_but_no_further_than_burst() -> None:
    limit = RateLimit(4, burst=3)
    await starts_of(limit, 3)
    await sleep(0.5)
    assert await starts_of(limit, 3) == [0.5, 0.5, 0.75]
    await sleep(3600)
    assert await starts_of(limit, 4) == [3600.75] * 3 + [3601]


@pytest.mark.parametrize("rate", [3, 7, 0.1, 0.3, 1e-3, 1e6, 12.34])
async def test_under_load_permits_come_as_early_as_the_rate_allows_to_the_nanosecond(
    rate: float,
) -> None:
    starts = [round(start * 10**9) for start in await starts_of(RateLimit(rate, burst=2), 50)]
    exact = [max(Fraction(0), (number - 1) / Fraction(str(rate))) for number in range(50)]
    assert starts == [math.ceil(start * 10**9) for start in exact]


async def test_a_plain_function_and_an_error_pass_through() -> None:
    limit = RateLimit(1, burst=2)
    assert await limit.call(str.upper, "a") == "A"
    with pytest.raises(TypeError):
        await limit.call(len, 3)


async def test_permits_are_had_in_the_order_in_which_they_were_asked_for() -> None:
    limit, order = RateLimit(1, burst=3), list[str]()

    async def acquire(name: str, permits: int) -> None:
        await limit.acquire(permits)
        order.append(f"{name} {now():.0f}")

    await gather(acquire("a", 3), acquire("b", 3), acquire("c", 1), acquire("d", 1))
    assert order == ["a 0", "b 3", "c 4", "d 5"]


async def test_who_does_not_want_to_wait_does_not_overtake() -> None:
    limit = RateLimit(1, burst=2)
    assert limit.try_acquire()
    waiting = create_task(limit.acquire(2))
    await sleep(0.5)
    assert not limit.try_acquire()  # a permit is there, but someone waits for it
    await waiting
    assert now() == 1.0
    assert not limit.try_acquire()
    await sleep(1)
    assert limit.try_acquire()


async def test_a_cancelled_wait_has_taken_nothing_and_those_behind_move_up() -> None:
    limit = RateLimit(1, burst=1)
    await limit.acquire()
    first, second, third = [create_task(limit.call(note_time, item)) for item in "abc"]
    await sleep(0.5)
    first.cancel()
    second.cancel()
    assert await third == 1.0
    assert limit.statistics() == RateLimitStatistics(2, delayed=3, waiting=0, waited=2.0)


async def test_a_reservation_tells_when_and_is_kept() -> None:
    limit = RateLimit(2, burst=2)
    assert [limit.reserve(2), limit.reserve(), limit.reserve(2)] == [0.0, 0.5, 1.5]
    assert await limit.call(note_time, "behind them") == 2.0


async def test_a_reservation_does_not_overtake_those_who_wait() -> None:
    limit = RateLimit(1)
    await limit.acquire()
    waiting = [create_task(limit.call(note_time, item)) for item in "ab"]
    await sleep(0)
    assert limit.reserve() == 3.0
    waiting.append(create_task(limit.call(note_time, "c")))
    assert await gather(*waiting) == [1.0, 2.0, 4.0]


async def test_a_reservation_keeps_its_promise_when_someone_ahead_of_it_is_cancelled() -> None:
    limit = RateLimit(1)
    await limit.acquire()
    first, second = [create_task(limit.call(note_time, item)) for item in "ab"]
    await sleep(0)
    assert limit.reserve() == 3.0
    assert limit.reserve() == 4.0  # and what was fixed stays so
    first.cancel()
    assert await second == 2.0
    assert await limit.call(note_time, "c") == 5.0


async def test_an_impossible_reservation_changes_nothing_for_those_who_wait() -> None:
    limit = RateLimit(1)
    await limit.acquire()
    first, second = [create_task(limit.call(note_time, item)) for item in "ab"]
    await sleep(0)
    with pytest.raises(ValueError, match="permits must be from 1 to burst=1, got 2"):
        limit.reserve(2)
    first.cancel()
    assert await second == 1.0


RATES = st.sampled_from([0.3, 1, 3, 7.7, 1000])
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3000),  # milliseconds until this call arrives
        st.integers(1, 4),  # permits
        st.sampled_from(["acquire", "call", "try", "reserve"]),
        st.none() | st.integers(0, 2000),  # milliseconds after which it is cancelled
    ),
    max_size=25,
)


@given(RATES, st.integers(1, 4), STEPS)
@example(0.3, 1, [(0, 1, "acquire", None), (0, 1, "acquire", None), (0, 1, "reserve", None)])
@example(0.3, 1, [(0, 1, "acquire", None), (0, 1, "reserve", None), (0, 1, "acquire", None)])
@example(0.3, 1, [(0, 1, "acquire", 0)] * 2 + [(0, 1, "reserve", None), (0, 1, "acquire", None)])
def test_in_any_window_no_more_begin_than_the_limit_says(
    rate: float, burst: int, steps: list[tuple[int, int, str, int | None]]
) -> None:
    """In any window of w seconds at most rate·w + burst permits are used, exactly."""
    used: list[tuple[int, int]] = []

    async def main() -> None:
        limit = RateLimit(rate, burst=burst)

        async def note(permits: int) -> None:
            used.append((now_ns(), permits))

        async def one(permits: int, how: str) -> None:
            if how == "call":
                await limit.call(note, 1)
            elif how == "reserve":
                used.append((now_ns() + round(limit.reserve(permits) * 10**9), permits))
            elif how == "try":
                if limit.try_acquire(permits):
                    await note(permits)
            else:
                await limit.acquire(permits)
                await note(permits)

        tasks = []
        for wait, permits, how, cancel_after in steps:
            await sleep(wait / 1000)
            tasks.append(create_task(one(min(permits, burst), how)))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after / 1000, tasks[-1].cancel)
        await gather(*tasks, return_exceptions=True)
        statistics = limit.statistics()
        assert statistics.waiting == 0
        if not any(how == "reserve" for _, _, how, _ in steps):
            assert statistics.acquired == sum(permits for _, permits in used)

    virtual_time.run(main)
    used.sort()
    for first, (start, _) in enumerate(used):
        total = 0
        for end, permits in used[first:]:
            total += permits
            assert total <= burst + Fraction(str(rate)) * (end - start) / 10**9


@given(st.lists(st.none() | st.integers(1, 6000), min_size=1, max_size=12))
def test_the_cancelled_leave_the_others_as_if_they_had_never_come(
    cancel_after: list[int | None],
) -> None:
    """Whoever is not cancelled begins in order, and without a gap for those who are."""

    async def main() -> list[float]:
        limit = RateLimit(1)
        tasks = [create_task(limit.call(note_time, item)) for item in range(len(cancel_after))]
        for task, after in zip(tasks, cancel_after, strict=True):
            if after is not None:
                # Half a millisecond more, so that no cancellation comes just when a permit does.
                asyncio.get_running_loop().call_later((after + 0.5) / 1000, task.cancel)
        results = await gather(*tasks, return_exceptions=True)
        return [result for result in results if not isinstance(result, BaseException)]

    starts = virtual_time.run(main)
    assert starts == [float(number) for number in range(len(starts))]


async def test_while_limited_those_before_feel_backpressure() -> None:
    made: list[int] = []

    async def make(item: int) -> int:
        made.append(item)
        return item

    pipeline = Pipeline(
        Stage(make), Stage(note_time, name="limited", buffer=2, layers=[RateLimit(0.1)])
    )
    async with pipeline.run(range(10**9)) as run:
        assert [await anext(aiter(run)) for _ in range(3)] == [0, 10, 20]
        await sleep(5)
        assert run.metrics[0].blocked == 1
    assert len(made) == 3 + 1 + 2 + 1  # out, waiting for a permit, in the buffer, blocked


async def test_a_limit_works_again_on_another_event_loop() -> None:
    limit = RateLimit(1)

    async def main() -> list[float]:
        return await starts_of(limit, 3)

    for _ in range(2):
        assert await asyncio.to_thread(virtual_time.run, main) == [0, 1, 2]


def test_those_who_wait_on_a_loop_that_was_closed_are_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limit = RateLimit(1)

    async def main() -> float:
        await limit.acquire()
        abandoned.clear()
        gc.collect()
        return float(await limit.call(note_time, "item"))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(limit.acquire())
    abandoned = [loop.create_task(limit.acquire())]
    loop.run_until_complete(sleep(0))
    loop.close()
    assert virtual_time.run(main) == 1.0
    assert "Task was destroyed but it is pending" in caplog.text


@pytest.mark.parametrize("days", [40, 60, 100, 400])
async def test_after_months_of_uptime_the_clock_still_moves(days: int) -> None:
    start = days * 86_400 + 0.1
    await sleep(start)
    limit = RateLimit(7)
    for _ in range(50):
        await limit.acquire()
    assert now() - start == pytest.approx(7, abs=1e-6)


def three_stages(*limits: RateLimit) -> Pipeline:
    async def work(item: int) -> int:
        return item

    stages = zip(("first", "second", "final"), limits, strict=True)
    return Pipeline(*(Stage(work, name=name, layers=[limit]) for name, limit in stages))


async def test_defect_2_the_limit_outlives_the_function_that_sets_the_stages_up() -> None:
    """The listing stops its ticker before the first tick is used: 100 in, and it hangs."""

    def make_pipeline() -> Pipeline:
        return three_stages(*[RateLimit(300)] * 3)

    assert len(await make_pipeline().collect(range(100))) == 100


async def test_defect_3_a_limit_each_lets_the_full_rate_out() -> None:
    """In the listing three stages share the ticks: limit 300/s, and 99 items/s come out."""
    await three_stages(RateLimit(300), RateLimit(300), RateLimit(300)).collect(range(301))
    assert now() == pytest.approx(1.0, abs=1e-6)
    shared, start = RateLimit(300), now()
    await three_stages(shared, shared, shared).collect(range(100))
    assert shared.statistics().acquired == 300
    assert now() - start == pytest.approx(299 / 300, abs=1e-6)


async def test_defect_4_bursts_are_real_and_a_rate_of_0_is_refused() -> None:
    """In the listing a ticker holds one tick at most, and a rate of 0 panics."""
    limit = RateLimit(10, burst=50)
    await sleep(5)
    assert await starts_of(limit, 51) == [5.0] * 50 + [5.1]
    with pytest.raises(ValueError, match="above 0 permits per second, got 0; to stop a stage, pau"):
        RateLimit(0)


@pytest.mark.parametrize("rate", [-1, math.inf, math.nan])
def test_impossible_rates_are_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate must be above 0 permits per second, got"):
        RateLimit(rate)


@pytest.mark.parametrize("burst", [0, -1, 1.5])
def test_impossible_bursts_are_refused(burst: Any) -> None:
    with pytest.raises(ValueError, match="burst must be a whole number of permits, 1 or more, got"):
        RateLimit(1, burst)


@pytest.mark.parametrize("permits", [0, -1, 4])
async def test_permits_that_are_never_there_are_refused_at_once(permits: int) -> None:
    limit = RateLimit(1, burst=3)
    for ask in (limit.try_acquire, limit.reserve):
        with pytest.raises(ValueError, match=r"permits must be from 1 to burst=3, got -?\d; more"):
            ask(permits)
    with pytest.raises(ValueError, match="take them in parts, or raise burst"):
        await limit.acquire(permits)
    assert await starts_of(limit, 3) == [0, 0, 0]
