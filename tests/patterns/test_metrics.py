import asyncio
from asyncio import create_task, sleep
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns.metrics import Metrics, Monitor

ACCURACY = 0.01001  # of the quantiles by default, and a little for the rounding of floats


def pause(seconds: float) -> Any:
    async def work(item: Any) -> Any:
        await sleep(seconds)
        return item

    return work


def metered(name: str, seconds: float, **settings: Any) -> Stage:
    return Stage(pause(seconds), name=name, layers=[Metrics()], **settings)


async def test_a_layer_alone_counts_and_times_calls() -> None:
    metrics = Metrics()
    assert await metrics.call(pause(2), "a") == "a"
    assert await metrics.call(str.upper, "b") == "B"  # plain functions too
    calls = metrics.calls()
    assert (calls.completed, calls.in_flight, calls.worked) == (2, 0, 2.0)
    assert calls.latency.quantile(1) == pytest.approx(2, rel=ACCURACY)


async def test_a_snapshot_can_be_taken_in_the_moment_in_which_the_monitor_was_made() -> None:
    """Also if waiting ends in it, whose sum may then be out by the last digit of a float."""
    go = asyncio.Event()

    async def source() -> AsyncIterator[int]:
        for item in (1, 2, 3):
            yield item
            await sleep(0.1)
        await go.wait()
        for item in (1, 2, 3):
            yield item
        await sleep(5)

    stage = Stage(lambda item: sleep(0.07 * item), name="a", workers=3, layers=[Metrics()])
    async with Pipeline(stage, buffer=6).run(source()) as run:
        await sleep(0.4)
        monitor = Monitor(run)
        go.set()
        for _ in range(20):
            await sleep(0)
            assert "bottleneck: a" in str(monitor.snapshot())


async def test_errors_are_counted_by_type_and_passed_on() -> None:
    metrics = Metrics()

    async def pick(item: Any) -> Any:
        await sleep(1)
        return {"a": 1}[item]

    with pytest.raises(KeyError):
        await metrics.call(pick, "b")
    with pytest.raises(TypeError):
        await metrics.call(len, 3)
    await metrics.call(pick, "a")
    calls = metrics.calls()
    assert calls.errors == {"KeyError": 1, "TypeError": 1}
    assert calls.error_rate == pytest.approx(2 / 3)
    assert (calls.completed, calls.worked) == (1, 2.0)


async def test_calls_that_go_on_count_as_in_flight_and_their_time_as_worked() -> None:
    metrics = Metrics()
    tasks = [create_task(metrics.call(pause(10), item)) for item in range(3)]
    await sleep(4)
    assert (metrics.calls().in_flight, metrics.calls().worked) == (3, 12.0)
    tasks[0].cancel()
    await asyncio.wait(tasks)
    calls = metrics.calls()
    assert (calls.in_flight, calls.cancelled, calls.completed) == (0, 1, 2)
    assert (calls.worked, calls.errors) == (24.0, {})


async def test_base_exceptions_pass_through() -> None:
    class Stop(BaseException):
        pass

    def stop(_: object) -> None:
        raise Stop

    metrics = Metrics()
    with pytest.raises(Stop):
        await metrics.call(stop, 1)
    assert (metrics.calls().in_flight, metrics.calls().cancelled) == (0, 1)


async def test_defect_16_counts_errors_and_spread_are_there_and_anyone_can_read_them() -> None:
    """The tutorial adds durations up, counts nothing, and returns the sums to nobody."""

    async def flaky(item: int) -> int:
        await sleep(1 if item % 10 == 9 else 0.1)
        if item == 50:
            raise ConnectionError("gone")
        return item

    pipeline = Pipeline(Stage(flaky, layers=[Metrics()], on_error=lambda error: None))
    async with pipeline.run(range(100)) as run:
        monitor = Monitor(run)
        seen = [monitor.snapshot()["flaky"].calls.completed async for _ in run]
        flaky_stage = monitor.snapshot()["flaky"]
    assert seen == list(range(1, 100))  # while the run goes on, not only at its end
    assert flaky_stage.calls.errors == {"ConnectionError": 1}
    assert flaky_stage.p50 == pytest.approx(0.1, rel=ACCURACY)
    assert flaky_stage.p95 == pytest.approx(1.0, rel=ACCURACY)
    assert flaky_stage.throughput == pytest.approx(99 / 19)


async def test_time_working_starved_and_blocked_are_exact() -> None:
    pipeline = Pipeline(metered("a", 1), metered("b", 3), metered("c", 1), buffer=100)
    async with pipeline.run(range(4)) as run:
        monitor = Monitor(run)
        await sleep(14)  # a: 0 to 1, then 2 s blocked for each; b: 1 to 13; c: 13 to 14
        snapshot = monitor.snapshot()
    a, b, c = snapshot.stages
    assert (a.calls.worked, a.starved, a.blocked) == (4, 0, 6)
    assert (b.calls.worked, b.starved, b.blocked) == (12, 1, 0)
    assert (c.calls.worked, c.starved, c.blocked) == (4, 4 + 3 * 2, 0)
    assert (b.elapsed, b.utilisation, b.throughput) == (14, 12 / 14, 4 / 14)
    assert snapshot.bottleneck == "b"


async def test_queue_depth_and_peak_belong_to_the_stage_behind() -> None:
    async with Pipeline(metered("a", 1, buffer=5)).run(range(7)) as run:
        monitor = Monitor(run)
        await sleep(0.5)
        queue = monitor.snapshot()["a"].queue
        assert (queue.depth, queue.peak_depth, queue.capacity) == (5, 5, 5)
        _ = [result async for result in run]
        queue = monitor.snapshot()["a"].queue
        assert (queue.depth, queue.peak_depth) == (0, 5)


@pytest.mark.parametrize("slowest", ["source", "a", "b", "c", "sink"])
async def test_the_bottleneck_is_named_also_where_it_is_outside(slowest: str) -> None:
    pace = dict.fromkeys(["source", "a", "b", "c", "sink"], 0.1) | {slowest: 0.5}

    async def source() -> Any:
        for item in range(100):
            await sleep(pace["source"])
            yield item

    stages = [metered(name, pace[name], buffer=2) for name in "abc"]
    async with Pipeline(*stages, buffer=2).run(source()) as run:
        monitor = Monitor(run)
        async for item in run:
            await sleep(pace["sink"])
            if item == 50:
                break
        assert monitor.snapshot().bottleneck == slowest


async def test_a_source_that_has_ended_limits_nothing_any_more() -> None:
    async def late_but_quick() -> Any:
        await sleep(1)
        for item in range(100):
            yield item

    async with Pipeline(metered("a", 0.1, buffer=100)).run(late_but_quick()) as run:
        monitor = Monitor(run)
        await sleep(0.5)
        assert monitor.snapshot().bottleneck == "source"
        _ = [result async for result in run]
        assert monitor.snapshot().bottleneck == "a"


async def test_more_workers_move_the_bottleneck() -> None:
    async def bottleneck(workers: int) -> str:
        stages = metered("a", 1), metered("b", 3, workers=workers)
        async with Pipeline(*stages).run(range(20)) as run:
            monitor = Monitor(run)
            _ = [result async for result in run]
            return monitor.snapshot().bottleneck

    assert [await bottleneck(workers) for workers in (1, 2, 4)] == ["b", "b", "a"]


async def test_the_difference_of_two_snapshots_is_what_happened_between_them() -> None:
    async def slower_and_slower(item: int) -> int:
        await sleep(1 if item < 10 else 2)
        return item

    pipeline = Pipeline(Stage(slower_and_slower, name="a", layers=[Metrics()]), buffer=100)
    async with pipeline.run(range(20)) as run:
        monitor = Monitor(run)
        await sleep(10.5)
        earlier = monitor.snapshot()
        await sleep(10)
        lately = (monitor.snapshot() - earlier)["a"]
    assert (earlier["a"].calls.completed, earlier["a"].p50) == (10, pytest.approx(1, rel=ACCURACY))
    assert (lately.calls.completed, lately.p50) == (5, pytest.approx(2, rel=ACCURACY))
    assert (lately.elapsed, lately.throughput, lately.utilisation) == (10, 0.5, 1)


async def test_a_second_run_starts_from_zero() -> None:
    pipeline = Pipeline(metered("a", 1))
    for _ in range(2):
        async with pipeline.run(range(3)) as run:
            monitor = Monitor(run)
            _ = [result async for result in run]
            a = monitor.snapshot()["a"]
            assert (a.calls.completed, a.elapsed, a.calls.worked) == (3, 3, 3)


async def test_before_anything_has_happened_a_snapshot_is_all_zero() -> None:
    async with Pipeline(metered("a", 1)).run(range(3)) as run:
        snapshot = Monitor(run).snapshot()
        assert snapshot.elapsed == 0
        assert (snapshot["a"].throughput, snapshot["a"].utilisation) == (0, 0)
        assert snapshot["a"].calls.error_rate == 0
        assert "a                   0       0" in str(snapshot)


async def test_a_snapshot_prints_as_a_table() -> None:
    async with Pipeline(metered("parse", 0.5, workers=2)).run(range(4)) as run:
        monitor = Monitor(run)
        _ = [result async for result in run]
        lines = str(monitor.snapshot()).splitlines()
    assert lines[0].split()[:6] == ["stage", "done", "failed", "items/s", "p50", "ms"]
    assert lines[1].split()[:4] == ["parse", "4", "0", "4.0"]
    assert lines[1].split()[-3:] == ["100%", "0%", "0%"]
    assert lines[2] == "bottleneck: parse"


async def test_an_unknown_stage_is_refused_with_the_names_there_are() -> None:
    async with Pipeline(metered("a", 1), metered("b", 1)).run([]) as run:
        with pytest.raises(KeyError, match="no stage 'c', only a, b"):
            Monitor(run).snapshot()["c"]


async def test_a_stage_without_a_layer_of_its_own_is_refused() -> None:
    shared = Metrics()
    bare, again = Stage(pause(1), name="bare"), Stage(pause(1), name="again", layers=[shared])
    first = Stage(pause(1), name="first", layers=[shared])
    async with Pipeline(first, bare).run([]) as run:
        with pytest.raises(ValueError, match="stage 'bare' has no Metrics layer: give it layers="):
            Monitor(run)
    async with Pipeline(first, again).run([]) as run:
        with pytest.raises(ValueError, match="stage 'again' shares its Metrics layer with another"):
            Monitor(run)
    with pytest.raises(RuntimeError, match="not begun"):
        Monitor(Pipeline(first).run([]))


@given(
    workers=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    buffers=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    delays=st.lists(st.integers(0, 20), min_size=1, max_size=15),
    fail_every=st.integers(2, 5),
    moment=st.integers(1, 100),
)
def test_the_books_balance_at_any_moment(
    workers: list[int], buffers: list[int], delays: list[int], fail_every: int, moment: int
) -> None:
    """Law: each item taken is done, failed or in flight; working + starved + blocked is all time.

    That is, all the time of a stage's workers until the stage is done.
    """

    async def work(item: int) -> int:
        await sleep(delays[item % len(delays)] / 10)
        if item % fail_every == 1:
            raise ValueError(item)
        return item

    async def main() -> None:
        stages = [
            Stage(work, name=f"{n}", workers=count, buffer=buffers[n], layers=[Metrics()],
                  on_error=lambda error: None)
            for n, count in enumerate(workers)
        ]  # fmt: skip
        async with Pipeline(*stages, buffer=buffers[3]).run(range(30)) as run:
            monitor = Monitor(run)
            consumer = create_task(anext(aiter(run)))
            await sleep(moment / 10)
            for stage in monitor.snapshot().stages:
                calls = stage.calls
                ended = calls.completed + calls.errors.total() + calls.cancelled
                assert stage.queue.received == ended + calls.in_flight
                spent = calls.worked + stage.starved + stage.blocked
                time = stage.workers * stage.elapsed
                at_work = not stage.queue.closed or stage.queue.depth
                assert spent == pytest.approx(time) if at_work else spent <= time + 1e-6
            consumer.cancel()
            await asyncio.wait([consumer])

    virtual_time.run(main)
