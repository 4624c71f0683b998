import asyncio
import gc
import math
import sys
from asyncio import CancelledError, Task, create_task, sleep
from collections.abc import Callable, Coroutine
from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline_kit import Channel, ChannelClosed, EndOfChannel, WouldBlock, virtual_time


async def settle() -> None:
    """Let every task run until it waits for something."""
    await sleep(1)


async def test_items_come_out_in_the_order_they_went_in() -> None:
    channel = Channel[int](3)
    for item in (1, 2, 3):
        channel.send_nowait(item)
    assert [await channel.receive() for _ in range(3)] == [1, 2, 3]


async def test_send_waits_while_the_channel_is_full() -> None:
    channel = Channel[str](1)
    await channel.send("a")
    send = create_task(channel.send("b"))
    await settle()
    assert not send.done()
    assert await channel.receive() == "a"
    await send
    assert channel.receive_nowait() == "b"


async def test_send_nowait_refuses_when_full() -> None:
    with Channel[str](1) as channel:
        channel.send_nowait("a")
        with pytest.raises(WouldBlock):
            channel.send_nowait("b")


async def test_receive_waits_while_the_channel_is_empty() -> None:
    channel = Channel[str](1)
    receive = create_task(channel.receive())
    await settle()
    assert not receive.done()
    channel.send_nowait("a")
    assert await receive == "a"


async def test_a_rendezvous_send_waits_for_a_receiver() -> None:
    channel = Channel[str]()
    send = create_task(channel.send("a"))
    await settle()
    assert not send.done()
    assert len(channel) == 0
    assert await channel.receive() == "a"
    await send


async def test_a_rendezvous_without_waiting_needs_the_other_side_to_wait() -> None:
    channel = Channel[str]()
    with pytest.raises(WouldBlock):
        channel.send_nowait("a")
    with pytest.raises(WouldBlock):
        channel.receive_nowait()
    receive = create_task(channel.receive())
    await settle()
    channel.send_nowait("a")
    assert await receive == "a"
    send = create_task(channel.send("b"))
    await settle()
    assert channel.receive_nowait() == "b"
    await send


async def test_senders_and_receivers_are_served_in_the_order_they_came() -> None:
    channel = Channel[int](1)
    sends = [create_task(channel.send(item)) for item in range(5)]
    await settle()
    assert [await channel.receive() for _ in range(5)] == [0, 1, 2, 3, 4]
    await asyncio.gather(*sends)
    receives = [create_task(channel.receive()) for _ in range(5)]
    await settle()
    for item in range(5):
        await channel.send(item)
    assert await asyncio.gather(*receives) == [0, 1, 2, 3, 4]


async def test_a_newcomer_does_not_overtake_a_receiver_that_has_been_woken() -> None:
    channel = Channel[str](1)
    first = create_task(channel.receive())
    await settle()
    channel.send_nowait("for the first")
    with pytest.raises(WouldBlock):
        channel.receive_nowait()
    assert await first == "for the first"


async def test_closing_lets_what_is_left_be_received_and_then_ends() -> None:
    channel = Channel[int](2)
    with channel:
        await channel.send(1)
        await channel.send(2)
    assert [item async for item in channel] == [1, 2]
    with pytest.raises(EndOfChannel, match="closed and empty"):
        await channel.receive()
    with pytest.raises(EndOfChannel):
        channel.receive_nowait()


async def test_closing_ends_every_waiting_receive() -> None:
    channel = Channel[int]()
    receives = [create_task(channel.receive()) for _ in range(3)]
    await settle()
    channel.close()
    outcomes = await asyncio.gather(*receives, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [EndOfChannel] * 3


async def test_sends_fail_once_the_channel_is_closed_also_those_that_wait() -> None:
    channel = Channel[int](1, name="orders")
    channel.send_nowait(0)
    waiting = create_task(channel.send(1))
    await settle()
    channel.close()
    channel.close()
    with pytest.raises(ChannelClosed, match="'orders' was closed while a send waited"):
        await waiting
    with pytest.raises(ChannelClosed, match="'orders' is closed"):
        await channel.send(2)
    assert [item async for item in channel] == [0]


async def test_cancelled_send_leaves_nothing_behind() -> None:
    channel = Channel[str](1)
    channel.send_nowait("a")
    send = create_task(channel.send("cancelled"))
    await settle()
    assert channel.receive_nowait() == "a"  # wakes the send …
    send.cancel()  # … which is cancelled before it can go on
    with pytest.raises(CancelledError):
        await send
    assert channel.statistics().waiting_senders == 0
    with pytest.raises(WouldBlock):
        channel.receive_nowait()


async def test_cancelled_receive_takes_nothing_and_passes_its_turn_on() -> None:
    channel = Channel[str](1)
    first, second = create_task(channel.receive()), create_task(channel.receive())
    await settle()
    channel.send_nowait("a")  # wakes the first receive …
    first.cancel()  # … which is cancelled before it can go on
    assert await second == "a"
    assert first.cancelled() or first.cancelling()


async def test_statistics_tell_depth_totals_and_who_waits() -> None:
    channel = Channel[int](2, name="orders")
    tasks = [create_task(channel.send(item)) for item in range(4)]
    await settle()
    full = channel.statistics()
    assert (full.capacity, full.depth, full.peak_depth, full.sent, full.received) == (2, 2, 2, 2, 0)
    assert (full.waiting_senders, full.waiting_receivers, full.closed) == (2, 0, False)
    received = [await channel.receive() for _ in range(4)]
    receive = create_task(channel.receive())
    await settle()
    empty = channel.statistics()
    assert (empty.depth, empty.peak_depth, empty.sent, empty.received) == (0, 2, 4, len(received))
    assert (empty.waiting_senders, empty.waiting_receivers) == (0, 1)
    assert repr(channel) == (
        "<Channel 'orders': 0 of 2 items, open, 0 waiting to send, 1 to receive>"
    )
    channel.close()
    await asyncio.gather(*tasks, receive, return_exceptions=True)


async def test_statistics_tell_how_long_both_sides_waited() -> None:
    channel = Channel[str](1, name="orders")
    receive = create_task(channel.receive())
    await asyncio.sleep(3)
    assert channel.statistics().receivers_waited == 3  # it waits still
    channel.send_nowait("a")
    assert await receive == "a"
    await asyncio.sleep(5)  # nobody waits
    sends = [create_task(channel.send(item)) for item in "bcd"]
    await asyncio.sleep(2)
    sends[2].cancel()
    await asyncio.sleep(1)
    assert [await channel.receive() for _ in "bc"] == ["b", "c"]
    after = channel.statistics()
    assert (after.receivers_waited, after.senders_waited) == (3, 3 + 2)  # c in full, d in vain
    await asyncio.wait(sends)


async def test_a_rendezvous_counts_a_wait_once() -> None:
    channel = Channel[str](0)
    send = create_task(channel.send("a"))
    await asyncio.sleep(2)
    assert await channel.receive() == "a"
    await send
    assert channel.statistics().senders_waited == 2
    assert channel.statistics().receivers_waited == 0


async def test_without_bound_no_send_waits() -> None:
    channel = Channel[int](math.inf)
    for item in range(10_000):
        channel.send_nowait(item)
    channel.close()
    assert channel.statistics().peak_depth == 10_000


@pytest.mark.parametrize("capacity", [-1, 1.5, math.nan, "3", None])
def test_an_impossible_capacity_is_refused_with_a_remedy(capacity: float) -> None:
    with pytest.raises(ValueError, match=r"capacity must be .* 0 or more, got .*; use 0 for"):
        Channel(capacity)


def test_a_misspelt_argument_is_all_that_one_hears_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unheard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unheard.append)
    with pytest.raises(TypeError, match="unexpected keyword argument 'capcity'"):
        Channel(capcity=3)  # type: ignore[call-arg] # that is the point
    gc.collect()
    assert unheard == []


async def test_a_channel_thrown_away_unclosed_with_items_warns_by_name() -> None:
    channel = Channel[int](1, name="orders")
    channel.send_nowait(1)
    with pytest.warns(ResourceWarning, match="'orders' was thrown away unclosed, with 1 items"):
        del channel


async def wait_on(channel: Channel[int]) -> None:
    await channel.receive()


async def wait_on_one_of_its_own() -> None:
    await Channel[int](name="orders").receive()


@pytest.mark.parametrize(
    "abandon", [lambda: wait_on(Channel(name="orders")), wait_on_one_of_its_own]
)
def test_a_channel_thrown_away_while_a_task_waits_on_it_warns_by_name(
    abandon: Callable[[], Coroutine[None, None, None]],
) -> None:
    loop = asyncio.new_event_loop()
    task = loop.create_task(abandon())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.set_exception_handler(lambda loop, context: None)  # asyncio's own complaint
    del task
    with pytest.warns(ResourceWarning, match="'orders' was thrown away while a task still waited"):
        gc.collect()
    loop.close()


OPERATIONS = st.one_of(
    st.sampled_from(["send", "receive", "iterate", "tick", "settle", "close"]),
    st.sampled_from(["send_nowait", "receive_nowait"]),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
)
Operation = str | tuple[str, int]


class Model:
    """Runs operations on a channel and keeps account of what must be true of it."""

    def __init__(self, capacity: int) -> None:
        self.channel = Channel[int](capacity)
        self.tasks: list[tuple[Task[None], int]] = []
        self.numbers = count()
        self.accepted: list[int] = []
        self.received: list[int] = []
        self.lines: dict[str, list[int]] = {"send": [], "receive": []}
        self.served: dict[str, list[int]] = {"send": [], "receive": []}
        self.cancelled_sends: set[int] = set()
        self.cancelled_receives = 0
        self.taken_from_sender: set[int] = set()

    async def send(self, item: int) -> None:
        self.lines["send"].append(item)
        try:
            await self.channel.send(item)
        except CancelledError:
            self.cancelled_sends.add(item)
        except ChannelClosed:
            pass
        else:
            if item not in self.taken_from_sender:
                self.served["send"].append(item)
                self.accepted.append(item)

    async def receive(self, number: int, iterate: bool) -> None:
        self.lines["receive"].append(number)
        try:
            item = await (anext(self.channel) if iterate else self.channel.receive())
            self.served["receive"].append(number)
            self.received.append(item)
        except CancelledError:
            self.cancelled_receives += 1
        except (EndOfChannel, StopAsyncIteration):
            pass

    def send_nowait(self, item: int) -> None:
        nobody_waits = not self.channel.statistics().waiting_senders
        try:
            self.channel.send_nowait(item)
        except (WouldBlock, ChannelClosed):
            return
        assert nobody_waits, "a newcomer has overtaken a waiting sender"
        self.accepted.append(item)

    def receive_nowait(self) -> None:
        nobody_waits = not self.channel.statistics().waiting_receivers
        try:
            item = self.channel.receive_nowait()
        except (WouldBlock, EndOfChannel):
            return
        assert nobody_waits, "a newcomer has overtaken a waiting receiver"
        self.received.append(item)
        if item not in self.accepted:
            sender = next(task for task, number in self.tasks if number == item)
            assert not sender.cancelling(), "took the item of a send that was cancelled before"
            self.accepted.append(item)
            self.served["send"].append(item)  # now, though the sender hears of it a turn later
            self.taken_from_sender.add(item)

    async def do(self, operation: Operation) -> None:
        number = next(self.numbers)
        match operation:
            case "send":
                self.tasks.append((create_task(self.send(number)), number))
            case "receive" | "iterate":
                receive = self.receive(number, iterate=operation == "iterate")
                self.tasks.append((create_task(receive), number))
            case "send_nowait":
                self.send_nowait(number)
            case "receive_nowait":
                self.receive_nowait()
            case "close":
                self.channel.close()
            case "tick":
                await sleep(0)
            case "settle":
                await settle()
                self.check_settled()
            case (_, choice) if self.tasks:
                self.tasks[int(choice) % len(self.tasks)][0].cancel()
        self.check_bounds()

    def check_bounds(self) -> None:
        now = self.channel.statistics()
        # At a rendezvous, an item whose receiver is cancelled on the way stays for the next one.
        bound = now.capacity or self.cancelled_receives
        assert now.depth <= now.peak_depth <= bound
        assert now.received == len(self.received)
        assert now.sent == len(self.accepted) or self.taken_from_sender

    def check_settled(self) -> None:
        now = self.channel.statistics()
        assert not (now.waiting_receivers and now.depth), "a receiver waits though there are items"
        if now.capacity:
            assert not (now.waiting_senders and now.depth < now.capacity), "a sender waits in vain"
        assert not (now.waiting_senders and now.waiting_receivers), "both sides wait"
        for side in ("send", "receive"):
            in_line = [number for number in self.lines[side] if number in self.served[side]]
            assert self.served[side] == in_line, f"a {side} was served out of turn"

    async def drain_and_check(self) -> None:
        await settle()
        self.check_settled()
        for task, _ in self.tasks:
            task.cancel()
        await settle()
        self.channel.close()
        async for item in self.channel:
            self.received.append(item)
        assert self.received == self.accepted
        sent_though_cancelled = self.cancelled_sends.intersection(self.received)
        assert sent_though_cancelled <= self.taken_from_sender, "a cancelled send sent its item"
        assert not self.taken_from_sender or self.channel.capacity == 0


@settings(max_examples=3000)
@example(0, ["send", "tick", "receive", "send", "receive_nowait"])
@given(capacity=st.integers(0, 3), operations=st.lists(OPERATIONS, max_size=40))
def test_nothing_is_lost_or_duplicated_whatever_is_cancelled_whenever(
    capacity: int, operations: list[Operation]
) -> None:
    """Law: what was accepted comes out once and in order; a cancelled operation moved nothing."""

    async def main() -> None:
        model = Model(capacity)
        for operation in operations:
            await model.do(operation)
        await model.drain_and_check()

    virtual_time.run(main)
