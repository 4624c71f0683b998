"""The tutorial's listings have 18 defects. Each test shows one of them, and that it is not here.

The listings are in Go; what is said of them was seen when they were run.
"""

import asyncio
from asyncio import create_task, gather, sleep
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pipeline_kit import Channel, DeadlockError, ErrorLog, Pipeline, Stage, StageError, virtual_time
from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker, CircuitOpen
from pipeline_kit.patterns.error_handling import skip
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.fan_out import fan_in, fan_out, partition_by
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.map_reduce import map_reduce
from pipeline_kit.patterns.metrics import Metrics, Monitor
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.timeout import Timeout


def now() -> float:
    return round(asyncio.get_running_loop().time(), 9)


async def same(item: Any) -> Any:
    return item


async def work(item: Any) -> Any:
    await sleep(0.01)
    return item


async def test_1_a_time_limit_is_not_over_before_the_first_item() -> None:
    """`defer cancel()` where the goroutines are started: 100 items in, none out, no error."""
    stages = [Stage(work, name=name, layers=[Timeout(10)]) for name in "abc"]
    assert len(await Pipeline(*stages, deadline=10).collect(range(100))) == 100


async def test_2_a_rate_limit_lasts_as_long_as_the_run() -> None:
    """`defer ticker.Stop()` likewise: the pipeline hangs before its first item."""
    limit = RateLimit(100)
    assert len(await Pipeline(Stage(same, layers=[limit])).collect(range(100))) == 100
    assert now() == 0.99


@pytest.mark.parametrize(("shared", "seconds"), [(False, 1), (True, 3)])
async def test_3_a_limit_for_each_stage_is_told_apart_from_one_for_all(
    shared: bool, seconds: float
) -> None:
    """One ticker for three stages, meant as a limit of 300 items/s: 99 items/s came out."""
    one_for_all = RateLimit(300)
    limits = [one_for_all if shared else RateLimit(300) for _ in range(3)]
    stages = [Stage(same, name=f"{n}", buffer=9, layers=[limits[n]]) for n in range(3)]
    assert len(await Pipeline(*stages).collect(range(300))) == 300
    assert now() == pytest.approx(seconds, abs=0.02)


async def test_4_bursts_are_as_large_as_promised_and_a_rate_of_0_is_refused() -> None:
    """A ticker holds one tick, so there are no bursts; a rate of 0 panics."""
    limit, starts = RateLimit(10, burst=5), list[float]()
    await gather(*(limit.call(lambda item: starts.append(now()), n) for n in range(7)))
    assert starts == [0, 0, 0, 0, 0, 0.1, 0.2]
    with pytest.raises(ValueError, match="rate must be above 0 permits per second, got 0"):
        RateLimit(0)


async def test_5_a_slow_stage_slows_the_others_or_drops_are_counted() -> None:
    """`default: continue` is called backpressure: 100 items in, 18 out, nothing counted."""
    assert len(await Pipeline(Stage(same), Stage(work, buffer=5)).collect(range(100))) == 100

    async def source() -> AsyncIterator[int]:
        for item in range(100):
            yield item
            await sleep(0.001)

    dropping = Stage(work, channel=lambda: OverflowChannel(5, overflow="drop_newest"))
    async with Pipeline(dropping).run(source()) as run:
        results = [item async for item in run]
    dropped = run.metrics[0].queue.dropped
    assert dropped > 0
    assert len(results) + dropped == 100


async def test_6_no_work_is_done_for_an_item_that_is_then_dropped() -> None:
    """`case out <- process(item)` processes before it knows whether there is room."""
    done: list[int] = []

    async def counted(item: int) -> int:
        done.append(item)
        return item

    channel = OverflowChannel[int](2, overflow="drop_newest")
    for item in range(10):
        channel.send_nowait(item)
    channel.close()
    assert await Pipeline(Stage(counted)).collect(channel) == done == [0, 1]
    assert channel.statistics().dropped == 8


async def test_7_no_timer_is_made_for_every_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """`time.After` in a loop makes a timer for each item, and before Go 1.23 kept it."""
    loop, timers = asyncio.get_running_loop(), list[float]()
    call_at = loop.call_at

    def counted(when: float, *rest: Any, **options: Any) -> asyncio.TimerHandle:
        timers.append(when)
        return call_at(when, *rest, **options)

    monkeypatch.setattr(loop, "call_at", counted)
    await Pipeline(Stage(same, name="a"), Stage(same, name="b")).collect(range(100))
    assert timers == []  # waiting for room or for an item takes none
    limit = Timeout(60)
    for item in range(100):
        await limit.call(same, item)
    assert timers == [60]


async def test_8_workers_behind_a_balancer_work_at_the_same_time() -> None:
    """The worker is called by the one goroutine that dispatches: 4 workers, as slow as one."""
    balancer = LoadBalancer([work] * 4)
    assert len(await Pipeline(Stage(balancer, workers=balancer.slots)).collect(range(100))) == 100
    assert now() == 100 / 4 * 0.01


async def test_9_any_key_will_do_and_a_slow_item_blocks_only_its_worker() -> None:
    """`ID % n`: an ID of -1 is out of range, and one slow worker blocks all that come behind."""

    async def slow_for_0(item: int) -> int:
        await sleep(10 if item == 0 else 0.1)
        return item

    by_key = Stage(work, workers=4, route=partition_by(lambda item: item))
    items: list[Any] = [-1, "name", None, (1, 2)]
    assert set(await Pipeline(by_key).collect(items)) == set(items)
    begin = now()
    async with Pipeline(Stage(slow_for_0, workers=4)).run(range(40)) as run:
        others = [await anext(aiter(run)) for _ in range(39)]
        assert 0 not in others
        assert now() - begin == pytest.approx(1.3)


async def test_10_a_run_can_be_started_before_its_results_are_read() -> None:
    """The fan-out waits for its workers inline: whoever calls it before reading deadlocks."""
    async with Pipeline(Stage(work, workers=3)).run(range(30)) as run:
        await sleep(60)
        assert len([item async for item in run]) == 30
    lanes, results = [Channel[int](), Channel[int]()], Channel[int]()
    async with asyncio.TaskGroup() as group:
        group.create_task(fan_out(run_over(range(6)), lanes, route=partition_by(int)))
        group.create_task(fan_in(lanes, results))
        await sleep(60)
        assert sorted([item async for item in results]) == [0, 1, 2, 3, 4, 5]


async def run_over(items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


async def test_11_nobody_has_to_read_the_errors_for_a_run_to_go_on() -> None:
    """The errors channel has no reader: the first error that nobody reads stops the pipeline."""
    async with Pipeline(Stage(lambda item: 1 / 0, name="bad", on_error=skip)).run(
        range(3000)
    ) as run:
        assert [item async for item in run] == []
    assert (run.errors.total, len(run.errors), run.errors.shed) == (3000, 1000, 2000)
    assert isinstance(run.errors, ErrorLog)


async def test_12_a_stage_that_is_blocked_in_a_send_ends_with_its_run() -> None:
    """The sends do not watch the context: a cancelled pipeline leaks the blocked goroutine."""
    async with Pipeline(Stage(same, name="a"), Stage(same, name="b")).run(range(100)) as run:
        await sleep(1)
        assert [stage.blocked for stage in run.metrics] == [1, 1]
    assert len(asyncio.all_tasks()) == 1


async def test_13_however_many_workers_ask_for_the_same_it_is_computed_once() -> None:
    """Check, compute, set: each worker that finds nothing computes the same key."""
    calls: list[str] = []

    async def compute(key: str) -> str:
        calls.append(key)
        return str(await work(key))

    stage = Stage(compute, workers=10, layers=[Cache()])
    assert await Pipeline(stage).collect(["popular"] * 100) == ["popular"] * 100
    assert calls == ["popular"]


async def test_14_a_reduce_makes_one_result_of_many_values() -> None:
    """What is called reduce is applied to each item: a second map."""
    counts = map_reduce(
        ["the cat", "the dog"],
        mapper=str.split,
        key=lambda word: word,
        reducer=lambda count, word: count + 1,
        initial=int,
    )
    assert {word: count async for word, count in counts} == {"the": 2, "cat": 1, "dog": 1}


async def test_15_what_an_open_breaker_refuses_is_not_lost() -> None:
    """Items are dropped while it is open, errors thrown away, and there is no fallback."""

    async def down(item: int) -> int:
        raise OSError(item)

    def breaker() -> CircuitBreaker:
        return CircuitBreaker(sliding_window_size=5)

    async with Pipeline(Stage(down, layers=[breaker()], on_error=skip)).run(range(20)) as run:
        assert [item async for item in run] == []
    causes = [type(error.__cause__) for error in run.errors]
    assert causes == [OSError] * 5 + [CircuitOpen] * 15
    assert [error.item for error in run.errors] == list(range(20))
    with_fallback = Stage(down, layers=[Fallback(value="old"), breaker()])
    assert await Pipeline(with_fallback).collect(range(20)) == ["old"] * 20


async def test_16_metrics_count_and_somebody_gets_to_see_them() -> None:
    """Sums of durations, no counts, no errors; and nobody is ever given the metrics."""

    async def inverse(item: int) -> float:
        await sleep(0.01)
        return 1 / item

    stage = Stage(inverse, layers=[Metrics()], on_error=skip)
    async with Pipeline(stage).run([0, 1, 2, 0]) as run:
        monitor = Monitor(run)
        assert [item async for item in run] == [1, 0.5]
        [seen] = monitor.snapshot().stages
    assert (seen.calls.completed, seen.calls.errors) == (2, {"ZeroDivisionError": 2})
    assert seen.p50 == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("capacity", [0, 10, 1000])
def test_17_what_ends_a_loop_over_a_channel_is_that_it_is_closed(capacity: int) -> None:
    """ "Unbuffered channels deadlock, buffers fix it": what the fixed listing adds is `close`."""

    async def main(closes: bool) -> list[int]:
        channel = Channel[int](capacity, name="numbers")

        async def produce() -> None:
            for item in range(3):
                await channel.send(item)
            if closes:
                channel.close()

        producing = create_task(produce())
        items = [item async for item in channel]
        await producing
        return items

    assert virtual_time.run(lambda: main(closes=True)) == [0, 1, 2]
    with pytest.raises(DeadlockError, match=r"waits in Channel\.receive on <Channel 'numbers'"):
        virtual_time.run(lambda: main(closes=False))


async def test_18_an_exception_takes_neither_the_process_nor_its_item_down() -> None:
    """A panic in a stage ends the process; the version that recovers loses the item's identity."""

    def parse(line: str) -> int:
        return int(line)

    async with Pipeline(Stage(parse, on_error=skip)).run(["1", "two", "3"]) as run:
        assert [item async for item in run] == [1, 3]
    [error] = run.errors
    assert (error.stage, error.item, type(error.__cause__)) == ("parse", "two", ValueError)
    with pytest.raises(StageError, match="stage 'parse' failed on item 'two': ValueError"):
        await Pipeline(Stage(parse)).collect(["1", "two", "3"])
