import asyncio
import math
from asyncio import create_task, gather, sleep
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import (
    Channel,
    ChannelClosed,
    EndOfChannel,
    Pipeline,
    Stage,
    StageError,
    WouldBlock,
    virtual_time,
)
from pipeline_kit.patterns.backpressure import ChannelFull, Overflow, OverflowChannel
from pipeline_kit.patterns.watermarks import Watermarks

OVERFLOW: tuple[Overflow, ...] = get_args(Overflow)
RECORD = pytest.mark.parametrize("record", [False, True], ids=["plain", "recorded"])


def now() -> float:
    return asyncio.get_running_loop().time()


async def beat(item: Any) -> Any:
    await sleep(1)
    return item


def contents(channel: Channel[Any]) -> list[Any]:
    """Close `channel` and take out what is in it."""
    channel.close()
    items = []
    while True:
        try:
            items.append(channel.receive_nowait())
        except EndOfChannel:
            return items


async def test_when_full_drop_newest_keeps_those_who_came_first() -> None:
    dropped: list[int] = []
    channel = OverflowChannel[int](3, overflow="drop_newest", on_drop=dropped.append)
    for item in range(5):
        await channel.send(item)
    assert (contents(channel), dropped) == ([0, 1, 2], [3, 4])


async def test_when_full_drop_oldest_keeps_the_latest() -> None:
    dropped: list[int] = []
    channel = OverflowChannel[int](3, overflow="drop_oldest", on_drop=dropped.append)
    for item in range(5):
        await channel.send(item)
    assert (contents(channel), dropped) == ([2, 3, 4], [0, 1])


async def test_when_full_fail_says_so_and_the_item_has_not_been_sent() -> None:
    channel = OverflowChannel[int](2, name="orders", overflow="fail")
    await channel.send(0)
    await channel.send(1)
    with pytest.raises(ChannelFull, match="channel 'orders' is full, with 2 items in it"):
        await channel.send(2)
    assert contents(channel) == [0, 1]


async def test_when_full_block_waits_as_a_plain_channel_does() -> None:
    channel = OverflowChannel[int](1)
    await channel.send(0)
    with pytest.raises(WouldBlock):
        channel.send_nowait(1)
    waiting = create_task(channel.send(1))
    await sleep(5)
    assert channel.statistics().waiting_senders == 1
    assert [await channel.receive(), await channel.receive()] == [0, 1]
    await waiting


async def test_drops_are_counted_and_had_been_sent() -> None:
    for overflow in ("drop_newest", "drop_oldest"):
        channel = OverflowChannel[int](3, overflow=overflow)
        for item in range(10):
            channel.send_nowait(item)
        await channel.receive()
        statistics = channel.statistics()
        assert (statistics.sent, statistics.received, statistics.depth) == (10, 1, 2)
        assert (statistics.dropped, statistics.peak_depth) == (7, 3)
        contents(channel)


@pytest.mark.parametrize("overflow", ["drop_newest", "drop_oldest", "fail"])
async def test_what_a_waiting_receiver_will_take_needs_no_room(overflow: Overflow) -> None:
    channel = OverflowChannel[str](1, overflow=overflow)
    receivers = [create_task(channel.receive()) for _ in range(2)]
    await sleep(0)
    for item in "abc":  # two pass through, one stays
        channel.send_nowait(item)
    assert await gather(*receivers) == ["a", "b"]
    assert channel.statistics().dropped == 0
    assert contents(channel) == ["c"]


async def test_who_can_wait_waits_until_what_a_receiver_will_take_is_gone() -> None:
    channel = OverflowChannel[str](1)
    receiver = create_task(channel.receive())
    await sleep(0)
    channel.send_nowait("a")
    with pytest.raises(WouldBlock):
        channel.send_nowait("b")  # or there would be two, should the receiver be cancelled
    assert await receiver == "a"


async def test_a_rendezvous_drops_what_nobody_waits_for() -> None:
    channel = OverflowChannel[str](0, overflow="drop_newest")
    await channel.send("nobody")
    receiver = create_task(channel.receive())
    await sleep(0)
    await channel.send("somebody")
    assert await receiver == "somebody"
    assert channel.statistics().dropped == 1


@pytest.mark.parametrize("overflow", OVERFLOW)
async def test_a_closed_channel_takes_nothing_whatever_its_policy(overflow: Overflow) -> None:
    channel = OverflowChannel[int](1, overflow=overflow)
    channel.send_nowait(0)
    channel.close()
    with pytest.raises(ChannelClosed):
        channel.send_nowait(1)
    assert contents(channel) == [0]


async def test_a_bound_in_bytes_is_a_bound_on_their_sum() -> None:
    channel = OverflowChannel[bytes](max_weight=10)
    await channel.send(b"1234")
    await channel.send(b"123456")
    assert channel.weight == 10
    waiting = create_task(channel.send(b"1"))
    await sleep(1)
    assert not waiting.done()
    assert await channel.receive() == b"1234"
    await waiting
    assert channel.weight == 7
    contents(channel)
    assert channel.weight == 0


async def test_a_light_item_does_not_overtake_a_heavy_one_that_waits_for_room() -> None:
    channel = OverflowChannel[str](max_weight=4)
    await channel.send("aaa")
    senders = [create_task(channel.send(item)) for item in ("bbbb", "c")]
    await sleep(1)
    order = [await channel.receive() for _ in range(3)]
    await gather(*senders)
    assert order == ["aaa", "bbbb", "c"]


async def test_one_heavy_item_that_leaves_makes_room_for_several_who_wait() -> None:
    channel = OverflowChannel[str](max_weight=4)
    await channel.send("aaaa")
    senders = [create_task(channel.send(item)) for item in "bcde"]
    await sleep(1)
    assert await channel.receive() == "aaaa"
    await gather(*senders)
    assert contents(channel) == ["b", "c", "d", "e"]


async def test_when_the_heavy_one_gives_up_the_light_one_behind_it_goes_on() -> None:
    channel = OverflowChannel[str](max_weight=4)
    await channel.send("aaa")
    heavy, light = [create_task(channel.send(item)) for item in ("bb", "c")]
    await sleep(1)
    heavy.cancel()
    await light
    assert contents(channel) == ["aaa", "c"]


async def test_for_a_heavy_item_as_many_old_ones_go_as_it_takes() -> None:
    channel = OverflowChannel[str](5, max_weight=4, overflow="drop_oldest")
    for item in ("a", "b", "c", "ddd"):
        channel.send_nowait(item)
    assert (channel.weight, contents(channel)) == (4, ["c", "ddd"])


@pytest.mark.parametrize("overflow", ["block", "fail"])
async def test_an_item_above_the_whole_bound_is_refused_at_once(overflow: Overflow) -> None:
    channel = OverflowChannel[str](name="pages", max_weight=4, overflow=overflow)
    with pytest.raises(ValueError, match=r"for channel 'pages' weighs 5, more than max_weight=4"):
        await channel.send("12345")
    assert channel.statistics().sent == 0


@pytest.mark.parametrize("overflow", ["drop_newest", "drop_oldest"])
async def test_where_dropping_is_allowed_it_is_dropped_and_nothing_else(overflow: Overflow) -> None:
    channel = OverflowChannel[str](max_weight=4, overflow=overflow)
    channel.send_nowait("a")
    channel.send_nowait("12345")
    assert channel.statistics().dropped == 1
    assert contents(channel) == ["a"]


async def test_fractions_that_do_not_add_up_leave_no_weight_behind() -> None:
    channel = OverflowChannel[float](max_weight=1, weigh=lambda item: item)
    for item in (0.1, 0.2, 0.3):
        channel.send_nowait(item)
    contents(channel)
    assert channel.weight == 0


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["send", "send", "receive", "wait"]), st.integers(0, 4)), max_size=60
)


@given(OPERATIONS, st.integers(1, 4), st.sampled_from(["drop_newest", "drop_oldest", "fail"]))
def test_a_dropping_channel_equals_its_model(
    operations: list[tuple[str, int]], capacity: int, overflow: Overflow
) -> None:
    """One by one, a channel does what a deque with the policy would, and bounds hold throughout."""

    async def main() -> None:
        model: deque[tuple[int, int]] = deque()
        dropped: list[Any] = []
        expected: list[Any] = []
        channel = OverflowChannel[tuple[int, int]](
            capacity, max_weight=6, weigh=lambda i: i[1], overflow=overflow, on_drop=dropped.append
        )

        def is_full(item: tuple[int, int]) -> bool:
            return len(model) == capacity or sum(w for _, w in model) + item[1] > 6

        for number, (operation, weight) in enumerate(operations):
            item = (number, weight)
            if operation == "receive":
                received = model.popleft() if model else None
                assert (channel.receive_nowait() if received else None) == received
            elif operation == "send" and is_full(item) and overflow == "fail":
                with pytest.raises(ChannelFull):
                    channel.send_nowait(item)
            elif operation == "send":
                if is_full(item) and overflow == "drop_newest":
                    expected.append(item)
                else:
                    while is_full(item):
                        expected.append(model.popleft())
                    model.append(item)
                channel.send_nowait(item)
            assert len(channel) == len(model) <= capacity
            assert channel.weight == sum(weight for _, weight in model) <= 6
            assert dropped == expected
        assert contents(channel) == list(model)

    virtual_time.run(main)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.none() | st.integers(0, 9))),
    st.lists(st.tuples(st.integers(0, 3), st.none() | st.integers(0, 9))),
    st.integers(1, 3),
    st.sampled_from(OVERFLOW),
)
def test_every_item_is_received_or_dropped_or_still_there_exactly_once(
    sends: list[tuple[int, int, int | None]],
    receives: list[tuple[int, int | None]],
    capacity: int,
    overflow: Overflow,
) -> None:
    """Under cancellations: sent = received + dropped + left, each item once, and in order."""

    async def main() -> None:
        loop, sent = asyncio.get_running_loop(), set[Any]()
        received, dropped = list[Any](), list[Any]()
        channel = OverflowChannel[tuple[int, int]](
            capacity, max_weight=6, weigh=lambda i: i[1], overflow=overflow, on_drop=dropped.append
        )

        async def send(item: tuple[int, int]) -> None:
            await channel.send(item)
            sent.add(item)

        async def receive() -> None:
            received.append(await channel.receive())

        async def start(steps: list[Any], make: Callable[..., Any]) -> list["asyncio.Task[None]"]:
            tasks = []
            for number, (wait, *weight, cancel_after) in enumerate(steps):
                await sleep(wait)
                tasks.append(create_task(make(*[(number, w) for w in weight])))
                if cancel_after is not None:
                    loop.call_later(cancel_after, tasks[-1].cancel)
            return tasks

        senders, receivers = await gather(start(sends, send), start(receives, receive))
        await sleep(20)
        statistics = channel.statistics()
        assert statistics.depth <= capacity
        for task in (tasks := [*senders, *receivers]):
            task.cancel()
        await gather(*tasks, return_exceptions=True)
        left = contents(channel)
        assert sorted([*received, *dropped, *left]) == sorted(sent)
        assert received == sorted(received)
        assert (statistics.dropped, statistics.received) == (len(dropped), len(received))

    virtual_time.run(main)


async def sensor(readings: int, every: float) -> AsyncIterator[int]:
    """Yield readings at their own pace, whether or not anybody is ready for them."""
    for number in range(readings):
        yield number
        await sleep(every)


@RECORD
@pytest.mark.parametrize(
    ("overflow", "out"), [("drop_oldest", [0, 3, 7, 8, 9]), ("drop_newest", [0, 1, 2, 5, 9])]
)
async def test_in_a_pipeline_the_source_goes_on_and_drops_are_in_the_record(
    record: bool, overflow: Overflow, out: list[int]
) -> None:
    dropped: list[int] = []

    def channel() -> OverflowChannel[Any]:
        return OverflowChannel(2, overflow=overflow, on_drop=dropped.append)

    stage = Stage(lambda item: sleep(0.43, item), name="slow", channel=channel)
    async with Pipeline(stage).run(sensor(10, every=0.1), record=record) as run:
        results = [item async for item in run]
    assert len(results) + len(dropped) == 10
    assert sorted([*results, *dropped]) == list(range(10))
    statistics = run.metrics[0].queue
    assert (statistics.sent, statistics.dropped) == (10, len(dropped))
    assert run.metrics[0].working == 0
    if record:
        trace = run.trace
        assert [event.item for event in trace.events if event.kind == "dropped"] == dropped
        assert trace.depth("slow").maximum == 2
        assert min(trace.depth("slow").values) == 0
        for event in trace.events:
            counts = trace.counts(event.time)
            there = counts.out + counts.dropped + counts.failed + counts.in_flight
            assert counts.entered == there
        assert trace.stages[0].capacity == 2
    assert results == out


async def test_a_source_that_never_waits_still_lets_the_stages_have_their_turn() -> None:
    async def quick(item: int) -> int:
        return item

    stage = Stage(quick, channel=lambda: OverflowChannel(5, overflow="drop_newest"))
    results = await Pipeline(stage, buffer=math.inf).collect(range(1000))
    assert len(results) > 500


async def test_a_send_that_is_cancelled_before_it_drops_has_sent_nothing() -> None:
    channel = OverflowChannel[int](1, overflow="drop_oldest")
    channel.send_nowait(0)
    sender = create_task(channel.send(1))
    await sleep(0)
    sender.cancel()
    await asyncio.wait([sender])
    assert (channel.statistics().sent, contents(channel)) == (1, [0])


@pytest.mark.parametrize("make", [lambda: 3, partial(OverflowChannel, -1)])
async def test_a_stage_whose_channel_cannot_be_made_leaves_nothing_begun(make: Any) -> None:
    pipeline = Pipeline(Stage(beat, channel=make), deadline=1)
    with pytest.raises((TypeError, ValueError), match=r"must make a Channel, made 3|capacity must"):
        await pipeline.collect([1])
    await sleep(2)  # no deadline strikes
    assert asyncio.all_tasks() == {asyncio.current_task()}


@RECORD
async def test_fail_ends_the_run_with_the_name_of_the_channel(record: bool) -> None:
    stage = Stage(beat, name="slow", channel=lambda: OverflowChannel(2, overflow="fail"))
    message = "stage 'slow' failed on item 3.*: ChannelFull: channel 'slow' is full, with 2 items"
    for stages in ([stage], [Stage(abs, name="before", workers=2), stage]):
        began = now()
        with pytest.raises(StageError, match=message):
            async with Pipeline(*stages).run(sensor(9, every=0.1), record=record) as run:
                async for _ in run:
                    pass
        assert now() == pytest.approx(began + 0.3)


@RECORD
async def test_the_bound_in_bytes_holds_in_a_pipeline(record: bool) -> None:
    made: list[OverflowChannel[bytes]] = []

    def channel() -> OverflowChannel[bytes]:
        made.append(OverflowChannel(max_weight=1000))
        return made[-1]

    async def slow(item: bytes) -> float:
        await sleep(1)
        return made[0].weight

    pipeline = Pipeline(Stage(bytes), Stage(slow, channel=channel))
    async with pipeline.run([400] * 6, record=record) as run:
        assert [weight async for weight in run] == [800, 800, 800, 800, 400, 0]


async def test_a_quick_plain_function_takes_no_lane_past_the_weights() -> None:
    channel = OverflowChannel[bytes](max_weight=10)
    pipeline = Pipeline(Stage(bytes, buffer=100), Stage(len, channel=lambda: channel), buffer=1000)
    assert await pipeline.collect([4] * 1000) == [4] * 1000
    assert channel.weight == 0


async def test_watermarks_stop_a_source_that_cannot_wait_before_anything_is_lost() -> None:
    go, pushed, calls = asyncio.Event(), 0, list[str]()
    go.set()

    def on_high() -> None:
        calls.append(f"high {now():.2f}")
        go.clear()

    def on_low() -> None:
        calls.append(f"low {now():.2f}")
        go.set()

    marks = Watermarks(on_high=on_high, on_low=on_low, high=0.8, low=0.2)
    channel = OverflowChannel[int](10, overflow="fail", watermarks=marks)

    async def push() -> None:
        nonlocal pushed
        with channel:
            for pushed in range(1, 31):
                await go.wait()
                channel.send_nowait(pushed)
                await sleep(0.1)

    async def pull() -> list[int]:
        return [await beat(item) async for item in channel]

    _, pulled = await gather(push(), pull())
    assert pulled == list(range(1, 31))
    assert channel.statistics().peak_depth == 8
    assert calls[:3] == ["high 0.80", "low 6.00", "high 6.50"]


async def test_watermarks_deep_in_a_pipeline_pause_its_source() -> None:
    marks = Watermarks(on_high=lambda: run.pause(), on_low=lambda: run.resume())
    pipeline = Pipeline(
        Stage(lambda item: item, name="quick"),
        Stage(beat, name="slow", channel=lambda: OverflowChannel(10, watermarks=marks)),
    )
    async with pipeline.run(range(40)) as run:
        results = [item async for item in run]
    assert results == list(range(40))
    assert run.metrics[1].queue.peak_depth <= 10
    assert run.metrics[0].blocked == 0
    assert run.metrics[1].queue.senders_waited == 0
    assert now() == 40.0


async def test_a_source_that_can_wait_is_throttled_by_blocking_to_downstream_capacity() -> None:
    pulled = 0

    def source() -> Iterator[int]:
        nonlocal pulled
        for item in range(10**6):
            pulled += 1
            yield item

    pipeline = Pipeline(Stage(beat, name="slow", channel=lambda: OverflowChannel(3)))
    async with pipeline.run(source()) as run:
        results = aiter(run)
        for taken in range(10):
            await sleep(100)
            # Taken, in the hands of the worker, in the queue, in the hands of the source.
            assert pulled == taken + 1 + 3 + 1
            assert await anext(results) == taken


async def test_defect_5_what_is_dropped_is_counted() -> None:
    """The listing drops with `continue`: 100 in, 18 out, and nothing says so."""
    stage = Stage(beat, name="slow", channel=lambda: OverflowChannel(5, overflow="drop_newest"))
    async with Pipeline(stage).run(sensor(100, every=0.1)) as run:
        out = len([item async for item in run])
    assert out == 15
    assert run.metrics[0].queue.dropped == 85


async def test_defect_6_no_work_is_done_for_what_is_dropped() -> None:
    """In the listing the work is done when the select is entered, and then thrown away."""
    worked: list[int] = []

    async def work(item: int) -> int:
        worked.append(item)
        return item

    entrance = Stage(work, channel=lambda: OverflowChannel(5, overflow="drop_oldest"))
    async with Pipeline(entrance, Stage(beat, name="slow")).run(sensor(100, every=0.1)) as run:
        out = [item async for item in run]
    assert worked == out
    assert len(out) + run.metrics[0].queue.dropped == 100


async def test_defect_7_there_is_no_timer_for_each_item() -> None:
    """The listing makes a timer for each item it sends."""
    channel, loop = OverflowChannel[int](5, overflow="drop_oldest"), asyncio.get_running_loop()
    for item in range(1000):
        await channel.send(item)
    assert not loop._scheduled  # type: ignore[attr-defined] # asyncio tells no other way
    assert contents(channel) == [995, 996, 997, 998, 999]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"capacity": -1}, "capacity must be a whole number of items, 0 or more, got -1"),
        ({"overflow": "drop"}, "overflow must be one of 'block', 'drop_newest', .* got 'drop'"),
        ({"max_weight": 0}, "max_weight must be above 0, got 0"),
        ({"max_weight": math.nan}, "max_weight must be above 0, got nan"),
        ({"capacity": math.inf}, "capacity or max_weight must be finite"),
        ({"capacity": 0, "overflow": "drop_oldest"}, "capacity must be 1 item or more"),
        ({"capacity": 0, "max_weight": 9}, "capacity must be 1 item or more"),
        ({"capacity": 0, "watermarks": Watermarks(on_high=print, on_low=print)}, "1 item or more"),
    ],
)
def test_impossible_parameters_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OverflowChannel(**{"capacity": 5, **options})
