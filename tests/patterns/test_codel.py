import asyncio
from asyncio import sleep
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.patterns.codel import CoDelChannel


def now() -> float:
    return asyncio.get_running_loop().time()


async def fill(channel: CoDelChannel[Any], *items: Any) -> None:
    for item in items:
        await channel.send(item)


async def test_a_burst_that_drains_within_the_interval_passes_untouched() -> None:
    channel = CoDelChannel[int](target=1, interval=10, capacity=100)
    await fill(channel, *range(10))
    received = []
    for _ in range(10):
        await sleep(1)
        received.append(await channel.receive())
    assert received == list(range(10))
    assert channel.statistics().dropped == 0


async def test_a_queue_that_stays_is_thinned_at_the_head_sooner_and_sooner() -> None:
    dropped: list[tuple[int, float]] = []
    channel = CoDelChannel[int](
        1000, target=1, interval=10, on_drop=lambda item: dropped.append((item, now()))
    )
    await fill(channel, *range(1000))
    await sleep(2)
    while len(dropped) < 5:
        await channel.receive()  # ten a second, so the queue stays long for a while
        await sleep(0.1)
    times = [time for _, time in dropped]
    # Waiting is first seen to be too long at 2 s, and has been for an interval at 12 s. After the
    # first drop the next ones come after 10/√1, 10/√2, 10/√3, … s, at the next receive.
    assert times == pytest.approx([12.0, 22.0, 29.1, 34.9, 39.9], abs=0.11)
    assert dropped[0][0] == 100
    channel.close()
    while channel.statistics().depth:
        await channel.receive()


async def test_when_waiting_is_short_again_it_stops_at_once() -> None:
    channel = CoDelChannel[int](1000, target=1, interval=10)
    await fill(channel, *range(100))
    await sleep(2)
    await channel.receive()
    await sleep(10)
    await channel.receive()
    assert channel.statistics().dropped == 1
    while channel.statistics().depth > 2:  # all at the same time, so no drop is due
        await channel.receive()
    await sleep(100)
    assert [await channel.receive(), await channel.receive()] == [98, 99]
    assert channel.statistics().dropped == 1


async def test_the_last_two_are_never_dropped_however_long_they_wait() -> None:
    channel = CoDelChannel[str](10, target=1, interval=2)
    for number in range(50):
        await fill(channel, f"a{number}", f"b{number}")
        await sleep(100)
        assert [await channel.receive() for _ in "ab"] == [f"a{number}", f"b{number}"]


async def test_of_three_that_stay_one_is_dropped() -> None:
    channel = CoDelChannel[int](10, target=1, interval=2)
    await fill(channel, 0, 1)
    for number in range(2, 6):
        await fill(channel, number)
        await sleep(3)
        await channel.receive()
    # Seen to be too long at 3 s, for an interval at 6 s; later there are two, and they may wait.
    assert channel.statistics().dropped == 1
    assert await channel.receive() == 5


async def drops_until(channel: CoDelChannel[Any], count: int, times: list[float]) -> None:
    """Overload `channel` until it has dropped `count` items, and then empty it."""
    await fill(channel, *range(1000))
    await sleep(2)
    while len(times) < count:
        await channel.receive()
        await sleep(0.1)
    while len(channel):
        await channel.receive()


@pytest.mark.parametrize(
    ("quiet", "gaps"), [(1, [10 / 4**0.5, 10 / 5**0.5]), (1000, [10 / 1**0.5, 10 / 2**0.5])]
)
async def test_after_a_short_quiet_it_goes_on_at_the_pace_it_had_found(
    quiet: float, gaps: list[float]
) -> None:
    times: list[float] = []
    channel = CoDelChannel[int](
        2000, target=1, interval=10, on_drop=lambda item: times.append(now())
    )
    await drops_until(channel, 5, times)
    await sleep(quiet)
    await drops_until(channel, 8, times)
    assert [times[6] - times[5], times[7] - times[6]] == pytest.approx(gaps, abs=0.11)


async def source(count: int, every: float) -> AsyncIterator[float]:
    """Yield the time at which each item was made."""
    for _ in range(count):
        yield now()
        await sleep(every)


async def latencies(make: Any, record: bool = False) -> tuple[list[float], int]:
    """Overload a stage by a quarter for a while; return how late items are, and drops."""
    late = []
    stage = Stage(lambda made: sleep(0.1, made), name="slow", channel=make)
    async with Pipeline(stage).run(source(4000, every=0.08), record=record) as run:
        async for made in run:
            late.append(now() - made)
        return late, run.metrics[0].queue.dropped


@pytest.mark.parametrize("record", [False, True])
async def test_under_a_load_that_stays_too_high_items_are_late_by_about_the_target(
    record: bool,
) -> None:
    """A plain buffer of that size makes each item wait for all the others, to no avail."""
    with_codel, dropped = await latencies(lambda: CoDelChannel(200, target=0.5, interval=1), record)
    full, _ = await latencies(lambda: OverflowChannel(200, overflow="drop_newest"))
    steady = slice(1500, None)
    assert sum(with_codel[steady]) / len(with_codel[steady]) < 1
    assert sum(full[steady]) / len(full[steady]) > 15
    assert len(with_codel) + dropped == 4000
    assert len(with_codel) == pytest.approx(len(full), rel=0.07)  # hardly fewer come through


@given(
    st.lists(st.tuples(st.sampled_from(["send", "receive"]), st.integers(0, 20)), max_size=80),
    st.integers(1, 10),
)
def test_everything_is_received_in_order_or_dropped_once(
    operations: list[tuple[str, int]], target: int
) -> None:
    """Whatever the waits: in order, each item once, and only items that waited are dropped."""

    async def main() -> None:
        received, dropped = list[tuple[int, float]](), list[tuple[int, float]]()
        number = 0
        channel = CoDelChannel[tuple[int, float]](
            target=target, interval=target + 5, capacity=1000, on_drop=dropped.append
        )
        for operation, wait in operations:
            await sleep(wait)
            if operation == "send":
                await channel.send((number, now()))
                number += 1
            elif len(channel):
                before = len(dropped)
                received.append(channel.receive_nowait())
                assert all(now() - sent >= target for _, sent in dropped[before:])
        channel.close()
        async for item in channel:
            received.append(item)
        assert received == sorted(received)
        assert sorted(n for n, _ in [*received, *dropped]) == list(range(number))

    virtual_time.run(main)


@pytest.mark.parametrize(("target", "interval"), [(0, 1), (-1, 1), (1, 1), (2, 1)])
def test_a_target_that_is_not_below_the_interval_is_refused(target: float, interval: float) -> None:
    with pytest.raises(
        ValueError, match="target must be above 0 seconds, and interval longer, got"
    ):
        CoDelChannel(100, target=target, interval=interval)


def test_a_queue_needs_a_bound_and_room() -> None:
    with pytest.raises(ValueError, match="a rendezvous has no queue"):
        CoDelChannel(0)
    with pytest.raises(ValueError, match="capacity or max_weight must be finite"):
        CoDelChannel()
