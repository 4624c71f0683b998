import asyncio

import pytest

from pipeline_kit import Channel, DeadlockError, Pipeline, Stage, virtual_time


def report(*workers: object) -> str:
    """Run coroutine functions together until they deadlock; return the report."""

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number, worker in enumerate(workers):
                group.create_task(worker(), name=f"worker {number}")  # type: ignore[operator] # any

    with pytest.raises(DeadlockError) as caught:
        virtual_time.run(main)
    return str(caught.value)


def test_a_report_names_task_channel_its_state_and_the_line() -> None:
    full = Channel[int](1, name="parse")
    empty = Channel[int](name="store")

    async def send() -> None:
        await full.send(1)
        await full.send(2)

    async def receive() -> None:
        async for _ in empty:
            pass

    text = report(send, receive)
    full.close()
    assert (
        "'worker 0' waits in Channel.send on <Channel 'parse': 1 of 1 items, open, "
        "1 waiting to send, 0 to receive> (test_deadlock.py, line "
    ) in text
    assert "'worker 1' waits in Channel.receive on <Channel 'store': 0 of 0 items" in text
    assert "waits for the tasks of its task group to end" in text


def test_a_report_names_what_asyncio_itself_makes_one_wait_for() -> None:
    queue = asyncio.Queue[int](maxsize=1)
    lock = asyncio.Lock()

    async def get() -> None:
        await queue.get()

    async def acquire() -> None:
        await lock.acquire()
        await lock.acquire()

    text = report(get, acquire)
    assert "'worker 0' waits in Queue.get on <Queue" in text
    assert "'worker 1' waits in Lock.acquire on <asyncio.locks.Lock" in text


def test_tasks_are_listed_in_the_order_of_their_numbers() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    text = report(*[wait] * 12)
    places = [text.index(f"'worker {number}'") for number in range(12)]
    assert places == sorted(places)


def test_a_stuck_pipeline_names_its_stage() -> None:
    async def never(item: int) -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        await Pipeline(Stage(never, name="fetch", workers=2)).collect(range(9))

    with pytest.raises(DeadlockError) as caught:
        virtual_time.run(main)
    assert "'fetch 0' waits (test_deadlock.py" in str(caught.value)
    assert "'source' waits in Channel.send on <Channel 'fetch'" in str(caught.value)


def test_a_place_is_named_only_in_the_users_own_code() -> None:
    never = Channel[int](name="never")

    async def receive() -> None:
        await never.receive()

    async def stuck() -> None:
        await Pipeline(Stage(str, name="work")).collect(never)

    text = report(receive, stuck)
    assert text.count(" (test_deadlock.py, line ") == text.count(" (") == 3
    assert "'source' waits in Channel.receive on <Channel 'never'" in text


def test_a_queue_does_not_show_all_that_is_in_it() -> None:
    async def stuck() -> None:
        queue = asyncio.Queue[int](1000)
        for number in range(1001):
            await queue.put(number)

    text = report(stuck)
    assert "waits in Queue.put on <Queue at " in text
    assert len(text) < 500
