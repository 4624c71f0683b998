import asyncio
from asyncio import create_task, sleep
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import DeadlockError, Pipeline, Stage, virtual_time
from pipeline_kit.patterns.scaling import Autoscaler, ScalingStep


def pause(seconds: float) -> Any:
    async def work(item: Any) -> Any:
        await sleep(seconds)
        return item

    return work


async def arrivals(*phases: tuple[int, float]) -> AsyncIterator[int]:
    """Yield items in phases of so many items, so many seconds apart."""
    for count, interval in phases:
        for item in range(count):
            yield item
            await sleep(interval)


async def test_a_layer_alone_returns_what_the_function_returns() -> None:
    scaler = Autoscaler(max_workers=2)
    assert await scaler.call(pause(0.5), "a") == "a"
    assert await scaler.call(str.upper, "b") == "B"
    with pytest.raises(TypeError):
        await scaler.call(len, 3)
    assert (scaler.workers, scaler.busy, scaler.waiting) == (1, 0, 0)


async def test_one_worker_more_each_period_while_all_are_busy() -> None:
    steps: list[ScalingStep] = []
    scaler = Autoscaler(max_workers=4, period=10, on_scale=steps.append)
    calls = [create_task(scaler.call(pause(1000), item)) for item in range(6)]
    await sleep(5)
    assert (scaler.workers, scaler.busy, scaler.waiting) == (1, 1, 5)
    await sleep(100)
    assert steps == [ScalingStep(10, 2, 1.0), ScalingStep(20, 3, 1.0), ScalingStep(30, 4, 1.0)]
    assert (scaler.workers, scaler.busy, scaler.waiting) == (4, 4, 2)
    await asyncio.wait(calls)


async def test_one_worker_fewer_after_each_three_periods_of_little_load() -> None:
    steps: list[ScalingStep] = []
    scaler = Autoscaler(max_workers=4, on_scale=steps.append)
    await asyncio.gather(*(scaler.call(pause(1), item) for item in range(10)))
    assert scaler.workers == 4
    await sleep(100)  # nobody calls, so the steps are taken when somebody looks
    assert scaler.workers == 1
    assert [(step.time, step.workers) for step in steps[-3:]] == [(7, 3), (10, 2), (13, 1)]


async def test_a_short_pause_does_not_scale_down() -> None:
    scaler = Autoscaler(max_workers=4)
    await asyncio.gather(*(scaler.call(pause(1), item) for item in range(10)))
    for _ in range(10):
        await sleep(2)
        await asyncio.gather(*(scaler.call(pause(1), item) for item in range(4)))
    assert scaler.workers == 4


async def test_not_up_while_slots_are_free() -> None:
    steps: list[ScalingStep] = []
    scaler = Autoscaler(max_workers=4, period=10, on_scale=steps.append)
    await scaler.call(pause(9), "a")  # 90 % of the period, and free at its end
    await sleep(2)
    assert scaler.workers == 1
    assert not steps


async def test_a_worker_that_the_others_cannot_spare_stays() -> None:
    """At 90 % of one worker two are at 45 %: below the threshold, but one would be above."""
    steps: list[ScalingStep] = []
    scaler = Autoscaler(max_workers=4, on_scale=steps.append)
    stage = Stage(pause(0.9), workers=4, layers=[scaler])
    burst = (2, 0.1), (50, 1.0)
    await Pipeline(stage).collect(arrivals(*burst))
    assert [step.workers for step in steps] == [2]


async def test_in_a_stage_it_follows_the_load_up_and_down() -> None:
    steps: list[ScalingStep] = []
    scaler = Autoscaler(max_workers=8, on_scale=steps.append)
    stage = Stage(pause(0.5), workers=8, layers=[scaler], buffer=100)
    rush_then_calm = (100, 0.1), (30, 1.0)  # 5 workers' work, then half a worker's
    results = await Pipeline(stage).collect(arrivals(*rush_then_calm))
    assert len(results) == 130
    workers = [step.workers for step in steps]
    assert max(workers) >= 5
    assert workers == [*range(2, max(workers) + 1), *range(max(workers) - 1, 0, -1)]


async def test_blocked_workers_do_not_call_for_more() -> None:
    scaler = Autoscaler(max_workers=8)
    stages = Stage(pause(0.1), name="a", workers=8, layers=[scaler]), Stage(pause(1), name="b")
    async with Pipeline(*stages).run(range(1000)) as run:
        await sleep(50)
        assert run.metrics[0].blocked == 8
        assert scaler.workers == 1


async def test_items_wait_their_turn_first_come_first_served() -> None:
    order: list[int] = []

    async def work(item: int) -> None:
        order.append(item)
        await sleep(1)

    scaler = Autoscaler(max_workers=2, period=2.5)
    await asyncio.gather(*(scaler.call(work, item) for item in range(7)))
    assert order == list(range(7))


async def test_a_slot_that_reaches_a_cancelled_call_is_passed_on() -> None:
    scaler = Autoscaler(max_workers=1)
    done = asyncio.Event()
    first = create_task(scaler.call(lambda _: done.wait(), 1))
    second, third = (create_task(scaler.call(pause(1), item)) for item in (2, 3))
    await sleep(0.1)
    done.set()  # the first call ends and hands its slot to the second …
    asyncio.get_running_loop().call_soon(second.cancel)  # … which is cancelled before it can go on
    assert await third == 3
    await first
    assert (second.cancelled(), scaler.busy) == (True, 0)


async def test_a_failing_hook_leaves_no_slot_taken() -> None:
    def fail(step: ScalingStep) -> None:
        raise OSError("the display is gone")

    scaler = Autoscaler(max_workers=2, on_scale=fail)
    with pytest.raises(OSError, match="display"):
        await scaler.call(pause(1), "a")
    assert scaler.busy == 0


async def test_a_hook_that_fails_once_costs_one_call_and_no_period() -> None:
    # It fails in the timer, as all calls take longer than a period; that must go on nevertheless.
    steps: list[tuple[float, int]] = []

    def fail_at_first(step: ScalingStep) -> None:
        steps.append((step.time, step.workers))
        if len(steps) == 1:
            raise OSError("the display is gone")

    scaler = Autoscaler(max_workers=4, on_scale=fail_at_first)
    calls = [scaler.call(pause(1.5), item) for item in range(8)]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(result, OSError) for result in results] == [True, *[False] * 7]
    assert steps == [(1, 2), (2, 3), (3, 4)]
    assert scaler.busy == 0


@pytest.mark.parametrize("period", [0.2, 0.4])
async def test_a_timer_that_comes_a_moment_early_ends_its_period(period: float) -> None:
    # Periods of 0.2 s add up to 5.1000000000000005 s; timers are kept to the nanosecond.
    stage = Stage(pause(0.3), workers=8, layers=[Autoscaler(max_workers=8, period=period)])
    rush = arrivals((10, 0.5), (70, 0.05), (10, 0.5))
    assert len(await Pipeline(stage).collect(rush)) == 90


def test_a_scaler_can_be_used_on_one_loop_after_the_other() -> None:
    scaler = Autoscaler(max_workers=9)

    async def main() -> int:
        calls = [create_task(scaler.call(pause(30), item)) for item in range(9)]
        await sleep(2.5)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        return scaler.workers

    assert virtual_time.run(main) == 3
    assert virtual_time.run(main) == 3 + 2  # it goes on from where it was
    assert scaler.busy == 0


def test_it_does_not_hide_a_deadlock() -> None:
    async def main() -> None:
        scaler = Autoscaler(max_workers=3)

        async def wait_for_ever(item: int) -> None:
            await asyncio.Event().wait()

        await asyncio.gather(*(scaler.call(wait_for_ever, item) for item in range(9)))

    with pytest.raises(DeadlockError):
        virtual_time.run(main)


async def test_an_idle_year_takes_no_time_to_catch_up_with() -> None:
    scaler = Autoscaler(max_workers=3, period=0.001)
    await scaler.call(pause(1), "a")
    await sleep(365 * 86_400)  # 31 thousand million periods
    assert await scaler.call(pause(1), "b") == "b"


@given(
    per_period=st.integers(1, 8),
    work=st.integers(1, 300),
    max_workers=st.integers(1, 12),
    offset=st.integers(0, 9),
)
def test_under_a_steady_load_it_does_not_flap(
    per_period: int, work: int, max_workers: int, offset: int
) -> None:
    """Law: under a steady load the number of workers rises, then falls at most, then stays.

    And where it stays the workers can do the work, unless there are no more of them to add.
    """
    interval, seconds = 1 / per_period, work / 100
    load = seconds / interval
    steps: list[ScalingStep] = []

    async def main() -> int:
        scaler = Autoscaler(max_workers=max_workers, on_scale=steps.append)
        await sleep(offset / 10)
        calls = []
        for item in range(100 * per_period):
            calls.append(create_task(scaler.call(pause(seconds), item)))
            await sleep(interval)
        workers = scaler.workers
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        return workers

    workers = virtual_time.run(main)
    before_the_end = [step.workers for step in steps if step.time < 100 + offset / 10]
    directions = [after > before for before, after in pairwise([1, *before_the_end])]
    assert directions == sorted(directions, reverse=True)
    assert load < workers or workers == max_workers
    if load < max_workers * 0.8:
        assert not [step for step in steps if 75 < step.time < 99], "it has settled"


@given(
    delays=st.lists(st.integers(0, 30), min_size=1, max_size=30),
    arrive=st.lists(st.integers(0, 10), min_size=1, max_size=30),
    cancel=st.dictionaries(st.integers(0, 40), st.integers(0, 60), max_size=15),
    fail_every=st.integers(2, 9),
    bounds=st.tuples(st.integers(1, 3), st.integers(0, 4)),
)
def test_bounds_hold_and_no_slot_is_lost(
    delays: list[int],
    arrive: list[int],
    cancel: dict[int, int],
    fail_every: int,
    bounds: tuple[int, int],
) -> None:
    """Law: never more calls at once than max_workers; each call ends as it should; no slot is lost.

    Under random durations, arrivals, failures and cancellations.
    """
    most = bounds[0] + bounds[1]
    at_once = peak = 0

    async def work(item: int) -> int:
        nonlocal at_once, peak
        at_once += 1
        peak = max(peak, at_once)
        try:
            await sleep(delays[item % len(delays)] / 10)
            if item % fail_every == 1:
                raise ValueError(item)
            return item
        finally:
            at_once -= 1

    async def main() -> None:
        steps: list[ScalingStep] = []
        scaler = Autoscaler(min_workers=bounds[0], max_workers=most, on_scale=steps.append)
        loop = asyncio.get_running_loop()
        calls = []
        for item in range(40):
            calls.append(create_task(scaler.call(work, item)))
            if item in cancel:
                loop.call_later(cancel[item] / 10, calls[-1].cancel)
            await sleep(arrive[item % len(arrive)] / 10)
        results = await asyncio.gather(*calls, return_exceptions=True)
        for item, result in enumerate(results):
            cancelled = item in cancel and isinstance(result, asyncio.CancelledError)
            failed = item % fail_every == 1 and isinstance(result, ValueError)
            assert cancelled or failed or result == item
        assert peak <= most
        assert (scaler.busy, scaler.waiting) == (0, 0)
        assert all(bounds[0] <= step.workers <= most for step in steps)
        assert all(later.time - earlier.time > 0.999 for earlier, later in pairwise(steps))

    virtual_time.run(main)


def test_work_of_an_earlier_event_loop_does_not_count() -> None:
    async def work(until: float) -> None:
        await sleep(until - asyncio.get_running_loop().time())

    async def busy_from_700_ms_on() -> int:
        await scaler.call(work, 0.0)  # a period begins
        await sleep(0.7)
        await scaler.call(work, 1.1)
        return scaler.workers

    scaler = Autoscaler(max_workers=2, period=1.0)
    virtual_time.run(lambda: scaler.call(work, 0.9))
    assert virtual_time.run(busy_from_700_ms_on) == 1  # for 0.3 s of the period, and not 1.2 s


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_workers": 0}, "min_workers must be 1 or more .* got min_workers=1, max_workers=0"),
        ({"min_workers": 5, "max_workers": 4}, "got min_workers=5, max_workers=4"),
        ({"min_workers": 0, "max_workers": 4}, "got min_workers=0"),
        ({"max_workers": 4, "period": 0}, "period must be above 0 seconds, got 0"),
        ({"max_workers": 4, "scale_up_above": 0.4}, "got scale_down_below=0.5, scale_up_above=0.4"),
        ({"max_workers": 4, "scale_up_above": 80}, "both from 0 to 1, got .* scale_up_above=80"),
        ({"max_workers": 4, "scale_down_after": 0}, "number of periods, 1 or more, got 0"),
        ({"max_workers": 4, "scale_down_after": 1.5}, "number of periods, 1 or more, got 1.5"),
        ({"max_workers": 4.5}, "both whole numbers, got min_workers=1, max_workers=4.5"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Autoscaler(**settings)
