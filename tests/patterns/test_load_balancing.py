import asyncio
import json
import os
import pickle
import threading
import urllib.request
from asyncio import create_task, gather, sleep
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, StageError, virtual_time
from pipeline_kit.patterns.health import OutlierEjection
from pipeline_kit.patterns.load_balancing import LoadBalancer, Worker, WorkersFailed
from pipeline_kit.patterns.strategies import (
    FirstFree,
    LeastLoaded,
    PeakEwma,
    PowerOfTwoChoices,
    RoundRobin,
    SmoothWeightedRoundRobin,
    Strategy,
)

STRATEGIES: list[Callable[[], Strategy]] = [
    FirstFree,
    RoundRobin,
    SmoothWeightedRoundRobin,
    LeastLoaded,
    lambda: PowerOfTwoChoices(seed=1),
    PeakEwma,
]


def pause(seconds: float, answer: str = "") -> Any:
    async def work(item: Any) -> Any:
        await sleep(seconds)
        return answer + str(item)

    return work


async def dead(item: Any) -> Any:
    await sleep(0.1)
    raise ConnectionError("refused")


async def test_alone_it_is_a_function_of_one_item() -> None:
    balancer = LoadBalancer([pause(1, "a"), pause(1, "b"), str.upper])
    assert [await balancer(item) for item in "xyzx"] == ["ax", "by", "Z", "ax"]


@pytest.mark.parametrize("make", [FirstFree, RoundRobin, SmoothWeightedRoundRobin, LeastLoaded])
async def test_defect_8_four_workers_do_the_work_of_four(make: Callable[[], Strategy]) -> None:
    """The tutorial's dispatcher calls the worker inline: four take as long as one, 1 s."""
    balancer = LoadBalancer([pause(0.01) for _ in range(4)], strategy=make())
    await Pipeline(Stage(balancer, workers=balancer.slots)).collect(range(100))
    assert asyncio.get_running_loop().time() == 0.25
    assert [worker.completed for worker in balancer.statistics()] == [25] * 4


async def test_items_wait_for_the_worker_that_was_chosen() -> None:
    balancer = LoadBalancer([Worker(pause(10), name="slow"), pause(1)], strategy=RoundRobin())
    tasks = [create_task(balancer(item)) for item in range(6)]
    await sleep(5)
    slow, quick = balancer.statistics()
    assert (slow.name, slow.working, slow.waiting, slow.completed) == ("slow", 1, 2, 0)
    assert (quick.working, quick.waiting, quick.completed, quick.worked) == (0, 0, 3, 3)
    await asyncio.wait(tasks)
    assert asyncio.get_running_loop().time() == 30


async def test_a_worker_works_on_as_many_items_at_once_as_it_may() -> None:
    balancer = LoadBalancer([Worker(pause(1), concurrency=3), Worker(pause(1), concurrency=1)])
    assert balancer.slots == 4
    await gather(*(balancer(item) for item in range(8)))
    assert asyncio.get_running_loop().time() == 2
    assert [worker.completed for worker in balancer.statistics()] == [6, 2]


def makespan(make: Callable[[], Strategy], paces: list[float], sizes: list[float]) -> float:
    """Return the seconds a run takes whose workers need `pace · size` seconds for an item."""

    def worker(number: int) -> Worker:
        async def work(size: float) -> None:
            await sleep(paces[number] * size)

        return Worker(work, weight=1 / paces[number])

    async def main() -> float:
        workers = [worker(number) for number in range(len(paces))]
        balancer = LoadBalancer(workers, strategy=make())
        await Pipeline(Stage(balancer, workers=4 * balancer.slots)).collect(sizes)
        return asyncio.get_running_loop().time()

    return virtual_time.run(main)


@pytest.mark.parametrize("make", STRATEGIES)
def test_with_workers_alike_no_strategy_beats_first_free(make: Callable[[], Strategy]) -> None:
    uneven = [1.0, 9.0, 1.0, 1.0] * 25
    best = makespan(FirstFree, [1, 1, 1, 1], uneven)
    assert best <= sum(uneven) / 4 + 9 * 3 / 4  # Graham's bound for a list of jobs, 1966
    assert makespan(make, [1, 1, 1, 1], uneven) >= best


def test_turns_suit_workers_and_items_that_are_all_alike_and_only_those() -> None:
    def both(paces: list[float], sizes: list[float]) -> tuple[float, float]:
        return makespan(RoundRobin, paces, sizes), makespan(FirstFree, paces, sizes)

    assert both([1, 1, 1, 1], [1] * 100) == (25, 25)
    assert both([1, 1, 1, 1], [1, 9, 1, 1] * 25) == (9 * 25, 79)  # all large ones to the second
    assert both([1, 1, 1, 5], [1] * 400) == (5 * 100, 125)


def test_known_weights_or_loads_make_up_for_a_slow_worker() -> None:
    best = makespan(FirstFree, [1, 1, 1, 5], [1] * 400)
    for make in (SmoothWeightedRoundRobin, LeastLoaded, PeakEwma):
        assert makespan(make, [1, 1, 1, 5], [1] * 400) == best == 125


def test_first_free_is_beaten_where_a_worker_had_better_get_nothing() -> None:
    paces, sizes = [1.0, 1.0, 1.0, 100.0], [1.0] * 200
    assert makespan(FirstFree, paces, sizes) == 100  # it waits for the slow one's only item
    assert makespan(LeastLoaded, paces, sizes) == 67  # which knows the weights


async def test_peak_ewma_finds_a_slow_worker_out_at_its_first_item() -> None:
    balancer = LoadBalancer([pause(0.1), pause(3), pause(0.1)], strategy=PeakEwma())
    await Pipeline(Stage(balancer, workers=3)).collect(range(100))
    quick, slow, _ = (worker.completed for worker in balancer.statistics())
    assert (slow, quick > 40) == (1, True)


async def test_an_item_that_fails_on_one_worker_is_given_to_another() -> None:
    balancer = LoadBalancer([dead, pause(1, "b")], strategy=RoundRobin())
    assert await balancer("x") == "bx"
    assert [worker.failed for worker in balancer.statistics()] == [1, 0]


async def test_a_dead_worker_is_ejected_and_its_items_are_done_by_others() -> None:
    ejection = OutlierEjection(consecutive_failures=5, base_ejection_time=30)
    balancer = LoadBalancer([dead, pause(1), pause(1)], strategy=RoundRobin(), ejection=ejection)
    results = await Pipeline(Stage(balancer, workers=6)).collect(range(100))
    assert sorted(results) == sorted(map(str, range(100)))
    ill, b, c = balancer.statistics()
    assert (ill.completed, ill.ejections) == (0, 2)  # at the start, and when it came back
    assert ill.failed == 10
    assert b.completed + c.completed == 100


async def test_an_ejected_worker_returns_and_is_ejected_for_longer_if_it_fails_again() -> None:
    calls: list[float] = []

    async def ill_until_90(item: int) -> int:
        now = asyncio.get_running_loop().time()
        calls.append(now)
        if now < 90:
            raise ConnectionError("refused")
        return item

    ejection = OutlierEjection(consecutive_failures=2, base_ejection_time=30)
    workers = [Worker(ill_until_90), Worker(pause(0))]
    balancer = LoadBalancer(workers, strategy=RoundRobin(), ejection=ejection)
    seen = []
    for item in range(140):
        await balancer(item)
        seen.append(balancer.statistics()[0].ejected)
        await sleep(1)
    assert calls[:5] == [0, 1, 31, 32, 92]  # away for 30 s from 1 s on, for 60 s from 32 s on
    assert [time for time in range(1, 140) if seen[time] != seen[time - 1]] == [1, 31, 32, 92]
    assert balancer.statistics()[0].completed == 24  # every other one


def test_on_a_new_event_loop_no_worker_is_ejected() -> None:
    """The time until which a worker is ejected means nothing on another clock."""
    balancer = LoadBalancer(
        [dead, pause(1, "b")],
        strategy=RoundRobin(),
        ejection=OutlierEjection(consecutive_failures=1, base_ejection_time=3600),
    )

    async def main() -> tuple[bool, bool, int]:
        at_first = balancer.statistics()[0].ejected
        await balancer("x")
        ill = balancer.statistics()[0]
        return at_first, ill.ejected, ill.failed

    assert virtual_time.run(main) == (False, True, 1)
    assert virtual_time.run(main) == (False, True, 2)


async def test_failures_that_come_in_after_the_ejection_do_not_eject_again() -> None:
    ejection = OutlierEjection(consecutive_failures=1, base_ejection_time=30)
    balancer = LoadBalancer([Worker(dead, concurrency=4), pause(1)], ejection=ejection)
    await gather(*(balancer(item) for item in range(4)))
    ill = balancer.statistics()[0]
    assert ill.failed > 1
    assert (ill.ejections, ill.consecutive_failures) == (1, 0)


async def test_a_success_in_between_keeps_a_worker() -> None:
    turn = iter(range(20))

    def every_other(item: int) -> int:
        if next(turn) % 2:
            raise ConnectionError("refused")
        return item

    ejection = OutlierEjection(consecutive_failures=2)
    balancer = LoadBalancer([every_other, str], strategy=RoundRobin(), ejection=ejection)
    for item in range(20):
        await balancer(item)
    unsteady = balancer.statistics()[0]
    assert (unsteady.completed, unsteady.failed, unsteady.ejections) == (7, 6, 0)


async def test_each_ejection_ends_at_its_own_time() -> None:
    def ill_at_40(item: int) -> None:
        if asyncio.get_running_loop().time() == 40:
            raise ConnectionError("refused")

    ejection = OutlierEjection(consecutive_failures=1, base_ejection_time=30)
    workers = [Worker(dead), Worker(ill_at_40), Worker(str), Worker(repr)]
    balancer = LoadBalancer(workers, strategy=RoundRobin(), ejection=ejection)
    failed = []
    for time in (0, 31, 40, 75, 95):  # until 30, until 91; the other one at 40, until 70
        await sleep(time - asyncio.get_running_loop().time())
        for item in range(8):
            await balancer(item)
        failed.append([worker.failed for worker in balancer.statistics()[:2]])
    assert failed == [[1, 0], [2, 0], [2, 1], [2, 1], [3, 1]]


async def test_those_who_wait_for_a_worker_that_is_ejected_are_given_to_others() -> None:
    ejection = OutlierEjection(consecutive_failures=1)
    balancer = LoadBalancer([dead, pause(1)], strategy=RoundRobin(), ejection=ejection)
    await gather(*(balancer(item) for item in range(10)))
    assert [worker.failed for worker in balancer.statistics()] == [1, 0]
    assert asyncio.get_running_loop().time() == 10


@pytest.mark.parametrize("make", STRATEGIES)
async def test_those_who_wait_are_told_of_a_worker_that_returns(
    make: Callable[[], Strategy],
) -> None:
    async def ill_until_10(item: int) -> int:
        if asyncio.get_running_loop().time() < 10:
            raise ConnectionError("refused")
        return item

    ejection = OutlierEjection(consecutive_failures=1, base_ejection_time=30)
    balancer = LoadBalancer([ill_until_10, pause(3600)], strategy=make(), ejection=ejection)
    calls = [create_task(balancer(item)) for item in range(4)]
    _, slow = await asyncio.wait(calls, timeout=29)
    assert len(slow) == 4  # one with the worker that is well, and the others behind it
    done, _ = await asyncio.wait(calls, timeout=2)
    assert 1 <= len(done) == balancer.statistics()[0].completed
    for call in slow:
        call.cancel()
    await asyncio.wait(calls)


async def test_no_more_workers_are_ejected_than_allowed() -> None:
    ejection = OutlierEjection(consecutive_failures=1, max_ejection_percent=50)
    balancer = LoadBalancer([dead] * 4, ejection=ejection)
    for item in range(3):
        with pytest.raises(WorkersFailed):
            await balancer(item)
    assert sum(worker.ejected for worker in balancer.statistics()) == 2


async def test_if_all_are_ejected_they_are_asked_all_the_same() -> None:
    ejection = OutlierEjection(consecutive_failures=1, max_ejection_percent=100)
    ill = True

    async def work(item: int) -> int:
        if ill:
            raise ConnectionError("refused")
        return item

    balancer = LoadBalancer([work, work], ejection=ejection)
    with pytest.raises(WorkersFailed):
        await balancer(1)
    assert all(worker.ejected for worker in balancer.statistics())
    ill = False
    assert await balancer(2) == 2


async def test_when_all_have_failed_the_error_tells_what_each_said() -> None:
    balancer = LoadBalancer([Worker(dead, name="a"), Worker(int, name="b")])
    with pytest.raises(WorkersFailed) as caught:
        await balancer("x")
    assert list(caught.value.errors) == ["a", "b"]
    assert str(caught.value) == (
        "all 2 workers tried failed: a: ConnectionError: refused; "
        "b: ValueError: invalid literal for int() with base 10: 'x'"
    )
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(StageError) as stage_error:
        await Pipeline(Stage(balancer)).collect("x")
    assert stage_error.value.attempts == 2


def test_the_error_of_all_workers_survives_pickling() -> None:
    """Or a process that raises it breaks the whole pool of processes."""
    error = WorkersFailed({"a": ConnectionError("refused"), "b": OSError("no route")})
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.attempts, list(copy.errors)) == (str(error), 2, ["a", "b"])


async def test_a_limit_of_attempts_is_kept() -> None:
    balancer = LoadBalancer([dead, dead, dead], attempts=2)
    with pytest.raises(WorkersFailed, match=r"all 2 workers tried failed: dead 0: .*; dead 1: "):
        await balancer("x")
    with pytest.raises(ConnectionError, match="refused"):
        await LoadBalancer([dead, dead], attempts=1)("x")


async def test_what_is_the_items_own_fault_is_not_held_against_the_worker() -> None:
    balancer = LoadBalancer([int, int], retry_on=(OSError, TimeoutError))
    for _ in range(9):
        with pytest.raises(ValueError, match="invalid literal"):
            await balancer("x")
    for worker in balancer.statistics():
        assert (worker.failed, worker.consecutive_failures, worker.ejections) == (0, 0, 0)
        assert worker.working == 0


async def test_base_exceptions_pass_through_and_give_the_slot_back() -> None:
    class Stop(BaseException):
        pass

    def stop(item: object) -> None:
        raise Stop

    balancer = LoadBalancer([stop, pause(1)])
    with pytest.raises(Stop):
        await balancer(1)
    assert (balancer.statistics()[0].working, balancer.statistics()[0].failed) == (0, 0)


@given(
    strategy=st.sampled_from(STRATEGIES),
    concurrency=st.lists(st.integers(1, 3), min_size=1, max_size=5),
    delays=st.lists(st.integers(0, 20), min_size=1, max_size=20),
    failing=st.sets(st.integers(0, 97), max_size=60),
    cancel=st.dictionaries(st.integers(0, 29), st.integers(0, 40), max_size=15),
    ejection=st.builds(
        OutlierEjection,
        consecutive_failures=st.integers(1, 3),
        base_ejection_time=st.integers(1, 5),
        max_ejection_percent=st.sampled_from([0, 50, 100]),
    ),
)
def test_each_item_ends_once_and_every_slot_is_given_back(
    strategy: Callable[[], Strategy],
    concurrency: list[int],
    delays: list[int],
    failing: set[int],
    cancel: dict[int, int],
    ejection: OutlierEjection,
) -> None:
    """Law: an item is done once, or has failed on every worker, or is cancelled; no slot is lost.

    And no worker works on more items at once than it may. Under random durations, failures and
    cancellations, with every strategy.
    """
    done: list[int] = []
    tried: dict[int, list[int]] = {}
    at_work = [0] * len(concurrency)

    def worker(number: int) -> Worker:
        async def work(item: int) -> int:
            tried.setdefault(item, []).append(number)
            at_work[number] += 1
            assert at_work[number] <= concurrency[number]
            try:
                await sleep(delays[(7 * item + number) % len(delays)] / 10)
                if (13 * item + 5 * number) % 97 in failing:
                    raise ConnectionError(item)
                done.append(item)
                return item
            finally:
                at_work[number] -= 1

        return Worker(work, concurrency=concurrency[number])

    async def main() -> None:
        workers = [worker(number) for number in range(len(concurrency))]
        balancer = LoadBalancer(workers, strategy=strategy(), ejection=ejection)
        loop, tasks = asyncio.get_running_loop(), []
        for item in range(30):
            tasks.append(create_task(balancer(item)))
            if item in cancel:
                loop.call_later(cancel[item] / 10, tasks[-1].cancel)
            await sleep(delays[item % len(delays)] / 50)
        results = await gather(*tasks, return_exceptions=True)
        for item, result in enumerate(results):
            assert len(tried.get(item, [])) == len(set(tried.get(item, [])))
            if isinstance(result, WorkersFailed | ConnectionError):
                assert sorted(tried[item]) == list(range(len(concurrency)))
            else:
                assert result == item or (
                    item in cancel and type(result).__name__ == "CancelledError"
                )
        assert sorted(done) == sorted(r for r in results if isinstance(r, int))
        for member in balancer.statistics():
            assert (member.working, member.waiting) == (0, 0)

    virtual_time.run(main)


def exit_process(item: int) -> int:
    os._exit(1)


def double(item: int) -> int:
    return 2 * item


def test_workers_may_be_executors_and_a_killed_process_loses_no_item() -> None:
    async def main(processes: Executor, threads: Executor) -> list[int]:
        broken = Worker(exit_process, executor=processes, name="broken")
        balancer = LoadBalancer([broken, Worker(double, executor=threads)], strategy=RoundRobin())
        results = await Pipeline(Stage(balancer, workers=4)).collect(range(20))
        assert balancer.statistics()[0].ejections == 1
        return results

    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes,
        ThreadPoolExecutor(2) as threads,
    ):
        assert sorted(asyncio.run(main(processes, threads))) == list(range(0, 40, 2))


class Doubler(BaseHTTPRequestHandler):
    """Answers GET /21 with 42."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(2 * int(self.path[1:])).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
        """Say nothing."""


@contextmanager
def http_server() -> Iterator[tuple[ThreadingHTTPServer, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Doubler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def ask(url: str) -> Callable[[int], Any]:
    def get(item: int) -> int:
        with urllib.request.urlopen(f"{url}/{item}", timeout=10) as response:
            answer: int = json.load(response)
            return answer

    return lambda item: asyncio.to_thread(get, item)


def test_workers_may_be_servers_and_one_that_dies_during_the_run_loses_no_item() -> None:
    async def main() -> None:
        with http_server() as (_, first), http_server() as (second_server, second):
            balancer = LoadBalancer([ask(first), ask(second)], strategy=RoundRobin())
            results = []
            async with Pipeline(Stage(balancer, workers=2)).run(range(60)) as run:
                async for result in run:
                    results.append(result)
                    if len(results) == 20:
                        await asyncio.to_thread(second_server.shutdown)
                        second_server.server_close()
            assert sorted(results) == list(range(0, 120, 2))
            stays, dies = balancer.statistics()
            assert stays.completed + dies.completed == 60
            assert (dies.completed >= 8, dies.failed, dies.ejections) == (True, 5, 1)

    asyncio.run(main())


async def test_workers_of_the_same_name_are_numbered() -> None:
    balancer = LoadBalancer([dead, dead, Worker(str, name="c")])
    assert [worker.name for worker in balancer.statistics()] == ["dead 0", "dead 1", "c"]


@pytest.mark.parametrize(
    ("workers", "settings", "error", "message"),
    [
        ([], {}, ValueError, "workers must be one function or more, got none"),
        ([str], {"attempts": 2}, ValueError, "from 1 to the number of workers, 1, got 2"),
        ([str], {"attempts": 0}, ValueError, "got 0; None tries each worker once"),
        ([3], {}, TypeError, "callable with one item, got 3"),
        ([str], {"strategy": "random"}, TypeError, r"such as RoundRobin\(\), got 'random'"),
        ([str], {"retry_on": BaseException}, TypeError, "retry_on must be an Exception class"),
        ([str], {"strategy": RoundRobin}, TypeError, r"such as RoundRobin\(\), got <class"),
    ],
)
def test_impossible_settings_are_refused(
    workers: list[Any], settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        LoadBalancer(workers, **settings)
