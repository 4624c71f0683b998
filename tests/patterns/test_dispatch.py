import asyncio
import threading
from asyncio import create_task, sleep
from concurrent.futures import ThreadPoolExecutor
from math import inf

import pytest

from pipeline_kit.patterns.dispatch import Line, Member, Worker
from pipeline_kit.patterns.health import OutlierEjection
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.timeout import CallTimeoutError, Timeout


def members(count: int, concurrency: int = 1) -> list[Member]:
    """Return workers all of whose slots are taken."""
    worker = Worker(str, concurrency=concurrency)
    everyone = [Member(number, "abc"[number], worker, OutlierEjection()) for number in range(count)]
    for member in everyone:
        for _ in range(concurrency):
            member.begin()
    return everyone


async def test_a_slot_goes_to_the_first_in_line_who_accepts_it() -> None:
    line, (a, b) = Line(), members(2)
    for_b, for_any, for_a = (
        create_task(line.wait_for(accepted)) for accepted in ([b], [a, b], [a])
    )
    await sleep(1)
    line.release(a)
    assert await for_any is a
    assert not for_b.done()
    assert not for_a.done()
    line.release(b)
    line.release(a)
    assert (await for_b, await for_a) == (b, a)
    assert len(line) == 0
    assert (a.working, b.working, a.free) == (1, 1, False)


async def test_those_who_wait_for_one_worker_count_as_its_load() -> None:
    line, (a, b) = Line(), members(2)
    tasks = [create_task(line.wait_for(accepted)) for accepted in ([a], [a], [a, b])]
    await sleep(1)
    assert (a.pending, b.pending) == (3, 1)
    tasks[0].cancel()
    await sleep(1)
    assert (a.pending, len(line)) == (2, 2)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert (a.pending, b.pending) == (1, 1)


async def test_a_released_slot_is_free_if_nobody_waits() -> None:
    line, (a,) = Line(), members(1, concurrency=2)
    assert not a.free
    line.release(a)
    assert (a.free, a.working, a.pending) == (True, 1, 1)


async def test_who_is_cancelled_with_a_slot_in_hand_passes_it_on() -> None:
    line, (a,) = Line(), members(1)
    first, second = create_task(line.wait_for([a])), create_task(line.wait_for([a]))
    await sleep(1)
    line.release(a)  # to the first …
    first.cancel()  # … which cannot take it any more
    assert await second is a
    assert (first.cancelled(), a.working, a.pending) == (True, 1, 1)


async def test_who_is_sent_away_chooses_again() -> None:
    line, (a, b) = Line(), members(2)
    waiting = [create_task(line.wait_for(accepted)) for accepted in ([a], [b], [a, b])]
    await sleep(1)
    line.send_away_from(a)
    assert (await waiting[0], await waiting[2]) == (None, None)
    assert not waiting[1].done()
    line.release(b)
    assert await waiting[1] is b


async def test_a_worker_runs_plain_and_async_functions_and_in_an_executor() -> None:
    async def double(item: int) -> int:
        await sleep(1)
        return 2 * item

    with ThreadPoolExecutor() as pool:
        workers = Worker(double), Worker(lambda item: 2 * item), Worker(str, executor=pool)
        assert [await worker.work(2) for worker in workers] == [4, 4, "2"]


def test_a_timeout_knows_that_a_worker_in_a_thread_still_runs() -> None:
    release = threading.Event()

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            balancer = LoadBalancer([Worker(lambda item: release.wait(), executor=pool)])
            limit = Timeout(0.01)
            try:
                with pytest.raises(CallTimeoutError, match="and still runs"):
                    await limit.call(balancer, "item")
                assert limit.statistics().still_running == 1
            finally:
                release.set()

    asyncio.run(main())  # in real time: the virtual clock waits for threads


def test_a_worker_that_cannot_be_is_refused() -> None:
    async def work(item: int) -> None: ...

    with pytest.raises(TypeError, match="callable with one item, got 3"):
        Worker(3)  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="weight must be above 0 and finite, got 0; leave idle"):
        Worker(str, weight=0)
    with pytest.raises(ValueError, match="weight must be above 0 and finite, got inf"):
        Worker(str, weight=inf)
    with pytest.raises(ValueError, match="concurrency must be a whole number, 1 or more, got"):
        Worker(str, concurrency=1.5)  # type: ignore[arg-type] # that is what is tested
    with ThreadPoolExecutor() as pool, pytest.raises(TypeError, match="leave out the executor"):
        Worker(work, executor=pool)
