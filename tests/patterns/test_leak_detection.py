import asyncio
from asyncio import create_task, sleep

import pytest

from pipeline_kit import Channel, Pipeline, Stage
from pipeline_kit.patterns.leak_detection import LeakError, no_tasks_left


async def test_a_task_that_is_left_is_named_with_what_it_waits_for() -> None:
    channel = Channel[int](1, name="parse")

    async def fetch() -> None:
        for item in range(3):
            await channel.send(item)

    with pytest.raises(LeakError, match=r"^1 task is left that began in the block:\n") as told:
        async with no_tasks_left():
            create_task(fetch(), name="fetch 3")  # noqa: RUF006 - a leak is what is tested
            await sleep(1)
    assert "'fetch 3' waits in Channel.send on <Channel 'parse': 1 of 1 items" in str(told.value)
    assert f"({__file__.rpartition('/')[2]}, line " in str(told.value)
    assert [await channel.receive() for _ in range(3)] == [0, 1, 2]  # so that it can end


async def test_several_are_listed_by_name() -> None:
    event = asyncio.Event()
    with pytest.raises(LeakError, match=r"2 tasks are left") as told:
        async with no_tasks_left():
            waiting = [create_task(event.wait(), name=f"waiter {n}") for n in (10, 9)]
            await sleep(1)
    first, second = str(told.value).splitlines()[1:]
    assert first.startswith("  'waiter 9' waits in Event.wait")
    assert second.startswith("  'waiter 10'")
    assert told.value.tasks == set(waiting)
    event.set()


async def test_what_has_ended_and_what_was_there_before_is_no_leak() -> None:
    before = create_task(sleep(100))
    async with no_tasks_left():
        ended = create_task(sleep(1))
        await ended
        ending = create_task(sleep(100))
        await sleep(1)
        ending.cancel()  # it ends a turn later
    before.cancel()


async def test_it_waits_no_longer_than_its_patience() -> None:
    async with no_tasks_left(patience=2):
        ends = create_task(sleep(1))
    assert ends.done()
    with pytest.raises(LeakError):
        async with no_tasks_left(patience=2):
            ends = create_task(sleep(3))
    assert asyncio.get_running_loop().time() == 3
    await ends


async def test_a_run_that_is_left_early_leaves_nothing() -> None:
    async with (
        no_tasks_left(),
        Pipeline(Stage(lambda item: item, name="a", workers=3)).run(range(100)) as run,
    ):
        await anext(aiter(run))


async def test_an_error_of_the_block_passes_through() -> None:
    with pytest.raises(KeyError):
        async with no_tasks_left():
            left = create_task(sleep(1))
            raise KeyError
    await left


async def test_an_impossible_patience_is_refused() -> None:
    with pytest.raises(ValueError, match="patience must be 0 seconds or more, got -1"):
        async with no_tasks_left(patience=-1):
            pass
