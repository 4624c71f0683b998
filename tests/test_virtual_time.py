import asyncio
import contextvars
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import inf, ulp
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_kit import DeadlockError, StalledError, virtual_loop, virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_sleeping_moves_the_clock_and_nothing_else_does() -> None:
    assert now() == 0.0
    await asyncio.sleep(3600)
    assert now() == 3600.0
    sum(range(100_000))
    assert now() == 3600.0


async def test_ten_steps_of_a_tenth_of_a_second_make_one_second() -> None:
    for _ in range(10):
        await asyncio.sleep(0.1)
    assert now() == 1.0


async def test_the_clock_is_right_after_thirty_years_too() -> None:
    await asyncio.sleep(1e9)
    await asyncio.sleep(0.5)
    assert now() == 1e9 + 0.5


async def test_timers_run_in_the_order_of_their_times() -> None:
    ran: list[str] = []
    loop = asyncio.get_running_loop()
    for name, delay in (("c", 2), ("a", 1), ("b", 1.5)):
        loop.call_later(delay, ran.append, name)
    await asyncio.sleep(3)
    assert ran == ["a", "b", "c"]


def test_tasks_without_a_name_get_the_same_in_every_run() -> None:
    async def main() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(1), name=name) for name in (None, "mine", None)]
        await asyncio.wait(tasks)
        return [task.get_name() for task in tasks]

    names = virtual_time.run(main)
    assert names[:2] == ["Task-2", "mine"]
    assert names == virtual_time.run(main)


async def test_a_cancelled_timer_does_not_move_the_clock() -> None:
    asyncio.get_running_loop().call_later(5, print).cancel()
    await asyncio.sleep(9)
    assert now() == 9.0


async def test_asyncio_timeout_ends_on_the_dot() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await asyncio.sleep(100)
    assert now() == 2.5


@given(delays=st.lists(st.integers(0, 10**12), min_size=1, max_size=20))
def test_time_is_exact_to_the_nanosecond(delays: list[int]) -> None:
    """Law: sleeps, each a whole number of nanoseconds, end at their exact sum."""

    async def main() -> None:
        total = 0
        for delay in delays:
            await asyncio.sleep(delay / 1e9)
            total += delay
            assert now() == round(total / 1e9, 9)

    virtual_time.run(main)


@given(ends=st.lists(st.floats(0, 10**6), min_size=1, max_size=5))
@example(ends=[1 / 3])
@example(ends=[0.1 + 0.2])
@example(ends=[10**6 - 1e-10, 10**7 / 3])
def test_a_loop_that_waits_for_a_time_ends_in_that_nanosecond(ends: list[float]) -> None:
    """Law: a time that the clock cannot show is reached all the same."""

    async def main() -> None:
        for end in sorted(ends):
            while now() < end:
                await asyncio.sleep(end - now())
            assert now() == pytest.approx(end, rel=0, abs=max(1e-9, 2 * ulp(end)))

    virtual_time.run(main)


async def test_many_who_wait_for_next_to_nothing_do_not_move_the_clock() -> None:
    await asyncio.sleep(0.3)
    await asyncio.gather(*(asyncio.sleep(0.1 + 0.2 - now()) for _ in range(500)))
    assert now() == 0.3


def test_a_result_and_an_error_reach_the_caller() -> None:
    async def answer() -> int:
        return 42

    async def fail() -> NoReturn:
        raise LookupError("no such thing")

    assert virtual_time.run(answer) == 42
    with pytest.raises(LookupError, match="no such thing"):
        virtual_time.run(fail)


async def test_it_runs_inside_a_running_loop_as_in_a_notebook() -> None:
    async def inner() -> float:
        await asyncio.sleep(7)
        return now()

    assert virtual_time.run(inner) == 7.0
    assert now() == 0.0


def test_context_variables_are_those_of_the_caller() -> None:
    variable = contextvars.ContextVar[str]("variable")
    variable.set("from outside")

    async def main() -> str:
        return variable.get()

    assert virtual_time.run(main) == "from outside"


def test_a_coroutine_instead_of_a_function_is_refused_with_a_remedy() -> None:
    async def main() -> None: ...

    with pytest.raises(TypeError, match=r"pass main, not main\(\)"):
        virtual_time.run(main())  # type: ignore[arg-type] # that is the point


def test_a_loop_that_has_had_its_run_is_refused() -> None:
    loop = virtual_time.VirtualTimeLoop()
    virtual_time.run(lambda: asyncio.sleep(1), loop=loop)
    with pytest.raises(ValueError, match="loop must be a new one for each run, got <Virtual"):
        virtual_time.run(lambda: asyncio.sleep(1), loop=loop)


def test_to_sleep_for_ever_is_no_reason_to_move_the_clock_there() -> None:
    async def main() -> None:
        asyncio.create_task(asyncio.sleep(5)).add_done_callback(lambda _: seen.append(now()))
        await asyncio.sleep(inf)

    seen: list[float] = []
    with pytest.raises(DeadlockError, match=r"at 5\.0 s every task waits for another one"):
        virtual_time.run(main)
    assert seen == [5.0]


def test_patience_may_have_no_end() -> None:
    async def main() -> float:
        for _ in range(2000):  # long enough for the caller to begin to wait
            await asyncio.sleep(1)
        return now()

    assert virtual_time.run(main, patience=inf) == 2000.0


@pytest.mark.parametrize("patience", [0, -1, float("nan")])
def test_impatience_is_refused(patience: float) -> None:
    async def main() -> None: ...

    with pytest.raises(ValueError, match="patience must be above 0 seconds"):
        virtual_time.run(main, patience=patience)


async def test_work_in_threads_is_waited_for_while_the_clock_stands_still() -> None:
    release = threading.Event()

    async def later() -> None:
        await asyncio.sleep(5)

    timer = asyncio.create_task(later())
    work = asyncio.create_task(asyncio.to_thread(release.wait))
    await asyncio.sleep(0)
    threading.Timer(0.02, release.set).start()
    assert await work
    assert now() == 0.0
    await timer
    assert now() == 5.0


async def test_work_in_an_executor_of_ones_own_is_waited_for_too() -> None:
    with ThreadPoolExecutor(1) as pool:
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(pool, lambda: threading.current_thread().name) != ""
        assert now() == 0.0


def test_long_work_in_a_thread_is_not_a_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    real_time = 0.0
    monkeypatch.setattr(virtual_loop, "monotonic", lambda: real_time)
    loop: virtual_time.VirtualTimeLoop

    def work() -> float:
        nonlocal real_time
        while not loop._waits_for_executors:  # the loop is about to wait for us
            pass
        real_time += 1000
        return loop.stood_still_for()

    async def main() -> float:
        nonlocal loop
        loop = asyncio.get_running_loop()  # type: ignore[assignment] # it is one of ours
        return await asyncio.to_thread(work)

    assert virtual_time.run(main, patience=100) == 0.0


def test_nothing_is_left_behind_by_a_run_with_threads() -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.to_thread(int) for _ in range(5)))

    before = set(threading.enumerate())
    virtual_time.run(main)
    assert set(threading.enumerate()) == before


def test_a_deadlock_is_reported_at_once_with_the_time() -> None:
    async def main() -> None:
        await asyncio.sleep(3)
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError, match=r"^at 3.0 s every task waits"):
        virtual_time.run(main)


def test_after_a_deadlock_every_task_is_cancelled_and_cleans_up() -> None:
    cleaned: list[str] = []

    async def wait(name: str) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cleaned.append(name)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(wait("a"))
            group.create_task(wait("b"))

    with pytest.raises(DeadlockError):
        virtual_time.run(main)
    assert sorted(cleaned) == ["a", "b"]


def test_an_endless_loop_is_reported_with_its_place() -> None:
    async def spin() -> None:
        n = 0
        while True:
            n += 1

    with pytest.raises(StalledError, match=r"test_virtual_time.py, line \d+, in spin"):
        virtual_time.run(spin, patience=0.1)


def test_an_endless_loop_that_catches_every_exception_is_reported_too() -> None:
    async def spin() -> None:
        while True:
            with suppress(Exception):
                sum(range(1000))

    with pytest.raises(StalledError, match="in spin"):
        virtual_time.run(spin, patience=0.1)


def test_an_endless_loop_of_awaits_that_take_no_time_is_reported_with_its_task() -> None:
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    before = threading.active_count()
    with pytest.raises(StalledError, match="in spin"):
        virtual_time.run(spin, patience=0.1)
    assert threading.active_count() == before


def test_a_run_that_takes_long_but_moves_on_is_not_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    real_time = 0.0
    monkeypatch.setattr(virtual_loop, "monotonic", lambda: real_time)

    async def main() -> float:
        nonlocal real_time
        for _ in range(4):
            real_time += 60  # each step is within the patience, the whole run is not
            await asyncio.sleep(1)
        return now()

    assert virtual_time.run(main, patience=100) == 4.0


def test_many_runs_leave_no_thread_and_no_open_file() -> None:
    async def main() -> None:
        await asyncio.sleep(1)

    before = threading.active_count()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # an unclosed loop would warn
        for _ in range(50):
            virtual_time.run(main)
        gc.collect()
    assert threading.active_count() == before
