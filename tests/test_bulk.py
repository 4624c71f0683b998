"""The fast lane must leave channels as the slow one would: same items, numbers and wakings."""

import asyncio
from asyncio import create_task, sleep
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import FILTERED, Channel, Pipeline, Stage, StageError, virtual_time
from pipeline_kit.bulk import fill, move, move_async, room
from pipeline_kit.channel import WouldBlock


def double(item: int) -> int:
    return 2 * item


async def double_async(item: int) -> int:
    return 2 * item


def double_some(item: int) -> Any:
    return FILTERED if item % 3 == 1 else double(item)


async def double_some_async(item: int) -> Any:
    return double_some(item)


async def settle() -> None:
    await sleep(1)


def holding(items: int, capacity: float) -> Channel[Any]:
    channel = Channel[Any](capacity)
    for item in range(items):
        channel.send_nowait(item)
    return channel


@given(st.integers(0, 5), st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.booleans())
def test_moving_in_bulk_equals_moving_one_by_one(
    items: int, spare: int, filled: int, count: int, is_async: bool
) -> None:
    """Law: contents and statistics of both channels are the same, either way; so is the count."""

    async def pair() -> tuple[Channel[Any], Channel[Any]]:
        return holding(items, items + spare), holding(filled, filled + spare)

    async def one_by_one(inbox: Channel[Any], outbox: Channel[Any], count: int) -> None:
        for _ in range(count):
            result = double_some(inbox.receive_nowait())
            if result is FILTERED:
                note_filtered()
            else:
                outbox.send_nowait(result)

    async def in_bulk(inbox: Channel[Any], outbox: Channel[Any], count: int) -> None:
        if is_async:
            await move_async("s", double_some_async, inbox, outbox, count, note_filtered)
        else:
            move("s", double_some, inbox, outbox, count, note_filtered)

    async def outcome(way: Any) -> list[Any]:
        filtered.clear()
        inbox, outbox = await pair()
        await way(inbox, outbox, min(count, items, room(outbox)))
        statistics = [inbox.statistics(), outbox.statistics()]
        inbox.close(), outbox.close()
        return [*statistics, [x async for x in inbox], [x async for x in outbox], len(filtered)]

    filtered: list[None] = []

    def note_filtered() -> None:
        filtered.append(None)

    async def main() -> None:
        assert await outcome(in_bulk) == await outcome(one_by_one)

    virtual_time.run(main)


@pytest.mark.parametrize("is_async", [False, True])
async def test_moving_wakes_the_sender_before_and_the_receiver_behind(is_async: bool) -> None:
    with holding(1, 1) as inbox, Channel[Any](5) as outbox:
        sender = create_task(inbox.send("waited for room"))
        receiver = create_task(outbox.receive())
        await settle()
        if is_async:
            await move_async("s", double_async, inbox, outbox, 1)
        else:
            move("s", double, inbox, outbox, 1)
        await settle()
        assert sender.done()
        assert receiver.done()


@given(st.lists(st.integers(0, 2), max_size=6), st.integers(0, 4), st.integers(0, 4))
def test_everyone_who_waits_is_woken_whatever_the_function_sleeps(
    naps: list[int], receivers: int, senders: int
) -> None:
    """Law: nobody goes on waiting for an item that is there, or for room that there is."""

    async def nap(seconds: int) -> int:
        if seconds:
            await sleep(seconds)
        return seconds

    async def main() -> None:
        inbox, outbox = Channel[int](len(naps) or 1), Channel[int](len(naps))
        for seconds in naps:
            inbox.send_nowait(seconds)
            outbox.send_nowait(seconds)
        while len(outbox):  # so that it has been as full as it can be
            outbox.receive_nowait()
        takers = [create_task(outbox.receive()) for _ in range(receivers)]
        givers = [create_task(inbox.send(0)) for _ in range(senders)]
        await settle()
        await move_async("s", nap, inbox, outbox, len(naps))
        await settle()
        assert sum(task.done() for task in takers) == min(receivers, len(naps))
        assert sum(task.done() for task in givers) == min(senders, len(naps) or 1)
        for task in takers + givers:
            task.cancel()
        inbox.close(), outbox.close()

    virtual_time.run(main)


async def test_while_an_async_function_sleeps_others_see_the_truth() -> None:
    async def slow(item: int) -> int:
        await sleep(10)
        return item

    with holding(2, 2) as inbox, Channel[Any](2) as outbox:
        sender = create_task(inbox.send("waited for room"))
        moving = create_task(move_async("s", slow, inbox, outbox, 2))
        await sleep(5)
        assert sender.done()
        assert (inbox.statistics().received, outbox.statistics().sent) == (1, 0)
        await sleep(10)
        assert (inbox.statistics().received, outbox.statistics().sent) == (2, 1)
        assert await outbox.receive() == 0
        assert outbox.statistics().peak_depth == 1
        await moving


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_failure_leaves_what_came_before_it_moved_and_the_rest_in_place(
    is_async: bool,
) -> None:
    async def fail_async(item: int) -> float:
        return 1 / (item - 2)

    with holding(5, 5) as inbox, Channel[Any](5) as outbox:
        with pytest.raises(StageError, match="stage 's' failed on item 2: ZeroDivisionError"):
            if is_async:
                await move_async("s", fail_async, inbox, outbox, 5)
            else:
                move("s", lambda item: 1 / (item - 2), inbox, outbox, 5)
        assert (inbox.statistics().received, inbox.statistics().depth) == (3, 2)
        assert outbox.statistics().sent == 2


async def test_filling_tells_whether_there_were_more_items() -> None:
    with Channel[int](5) as channel:
        items = iter(range(4))
        receiver = create_task(channel.receive())
        await settle()
        assert fill(channel, items, 3)
        assert not fill(channel, items, 2)
        await settle()
        assert receiver.result() == 0
        assert channel.statistics().peak_depth == 3
        assert channel.statistics().sent == 4


async def test_room_is_what_can_be_put_without_waiting_and_out_of_turn() -> None:
    with Channel[int](2) as channel, Channel[int](float("inf")) as endless, Channel[int]() as none:
        assert (room(channel), room(none)) == (2, 0)
        assert room(endless) > 10**9
        channel.send_nowait(1)
        assert room(channel) == 1
        channel.send_nowait(2)
        sender = create_task(channel.send(3))
        await settle()
        channel.receive_nowait()
        assert room(channel) == 0  # it is promised to the sender in line
        with pytest.raises(WouldBlock):
            channel.send_nowait(4)
        await sender
        channel.receive_nowait()
    assert room(channel) == 0  # closed


async def test_a_function_that_looks_at_its_own_run_sees_the_truth() -> None:
    def look(item: int) -> int:
        own = run.metrics[0]
        seen.append((own.taken, own.working, own.passed_on))
        assert own.behind.peak_depth >= own.behind.depth
        return item

    seen: list[tuple[int, int, int]] = []
    async with Pipeline(Stage(look, buffer=20), buffer=20).run(range(15)) as run:
        await settle()
    assert seen == [(number + 1, 1, number) for number in range(15)]


async def test_a_failure_is_known_before_the_others_get_their_turn() -> None:
    """Or whoever leaves the run in that turn cancels the task, and nobody hears of the failure."""

    def source() -> Iterator[int]:
        yield from range(5)
        failing.set()
        raise ValueError("the file is damaged")

    failing = asyncio.Event()
    with pytest.raises(StageError, match="ValueError: the file is damaged"):
        async with Pipeline(Stage(double, buffer=20)).run(source()):
            await failing.wait()
