import asyncio
from asyncio import CancelledError, Task, current_task, sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import DeadlockError, virtual_time
from pipeline_kit.patterns.alarm import Alarm, AlarmClock
from pipeline_kit.patterns.timeout import CallTimeoutError, Timeout


def loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def me() -> Task[Any]:
    task = current_task()
    assert task
    return task


async def rings_at(alarm: Alarm) -> float:
    """Wait for an alarm, and return when it rang."""
    with pytest.raises(CancelledError):
        await sleep(100)
    assert alarm.rung
    me().uncancel()
    return loop().time()


async def test_an_alarm_cancels_its_task_at_its_time() -> None:
    assert await rings_at(AlarmClock().set(loop(), me(), 2.5)) == 2.5


async def test_one_that_is_stopped_does_not() -> None:
    clock = AlarmClock()
    alarm = clock.set(loop(), me(), 2.5)
    clock.stop(loop(), alarm)
    await sleep(5)
    assert not alarm.rung


@pytest.mark.parametrize("second", [1.5, 2.5, 3.5])
async def test_one_that_is_set_again_in_the_same_turn_rings_at_the_second_time(
    second: float,
) -> None:
    clock = AlarmClock()
    first = clock.set(loop(), me(), 2.5)
    clock.stop(loop(), first)
    again = clock.set(loop(), me(), second)
    assert again is first
    assert await rings_at(again) == second


async def test_it_has_not_rung_once_it_is_set_again() -> None:
    clock = AlarmClock()
    alarm = clock.set(loop(), me(), 1)
    await rings_at(alarm)
    clock.stop(loop(), alarm)
    assert not clock.set(loop(), me(), 2).rung
    assert await rings_at(alarm) == 2


async def test_a_task_may_have_several() -> None:
    clock = AlarmClock()
    late, early = clock.set(loop(), me(), 2), clock.set(loop(), me(), 1)
    assert await rings_at(early) == 1
    clock.stop(loop(), early)
    assert await rings_at(late) == 2


def test_no_timer_is_left_when_the_clock_moves_on() -> None:
    async def main() -> None:
        layer = Timeout(60)
        for _ in range(3):
            await layer.call(sleep, 0.5)
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError, match=r"at 1\.5 s every task waits"):
        virtual_time.run(main)


@given(st.lists(st.tuples(st.sampled_from([0, 0, 0, 1, 2, 3]), st.integers(1, 3)), max_size=20))
def test_each_call_is_cancelled_exactly_at_its_own_time(calls: list[tuple[int, int]]) -> None:
    """Law: a call that takes longer than it may is ended then; others do not notice."""

    async def main() -> None:
        layer = Timeout(1)
        for takes, limit in calls:
            begin, layer.timeout = loop().time(), limit
            try:
                await layer.call(sleep if takes else passing, takes)
            except CallTimeoutError:
                assert takes >= limit
                assert loop().time() - begin == limit
            else:
                assert takes <= limit
                assert loop().time() - begin == takes
        assert me().cancelling() == 0

    virtual_time.run(main)


async def passing(item: int) -> int:
    return item


async def test_alarms_of_an_event_loop_that_is_gone_are_forgotten() -> None:
    layer = Timeout(5)
    for _ in range(2):
        await asyncio.to_thread(virtual_time.run, lambda: layer.call(passing, 1))
    with pytest.raises(CallTimeoutError):
        await layer.call(sleep, 6)
    assert loop().time() == 5
