import asyncio
import concurrent.futures
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from pipeline_kit import Pipeline, Stage
from pipeline_kit.executor import in_executor, still_running


@pytest.mark.parametrize("make", [ThreadPoolExecutor, ProcessPoolExecutor])
async def test_a_call_returns_the_result_or_raises_the_error(make: type[Executor]) -> None:
    with make() as pool:
        absolute = in_executor(pool, abs)
        assert await absolute(-3) == 3
        with pytest.raises(TypeError, match="bad operand"):
            await absolute("x")


async def cancel(task: "asyncio.Task[None]") -> asyncio.CancelledError:
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as error:
        await task
    return error.value


def test_a_cancelled_call_says_what_still_runs_and_what_has_not_begun_is_taken_back() -> None:
    begun, release, calls = threading.Event(), threading.Event(), list[str]()

    def work(item: str) -> None:
        calls.append(item)
        begun.set()
        release.wait()

    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            try:
                tasks = [asyncio.create_task(in_executor(pool, work)(item)) for item in "ab"]
                while not begun.is_set():
                    await asyncio.sleep(0)
                first, second = [await cancel(task) for task in tasks]
                running = still_running(first)
                assert running is not None
                assert running.running()
                assert still_running(second) is None
            finally:
                release.set()
        assert running.done()

    asyncio.run(main())
    assert calls == ["a"]


async def test_an_ordinary_cancellation_has_nothing_running() -> None:
    error = await cancel(asyncio.create_task(asyncio.sleep(1)))
    assert still_running(error) is None
    assert still_running(None) is None


async def test_a_stage_calls_its_function_in_its_executor() -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
        stage = Stage(lambda item: threading.current_thread().name, executor=pool)
        assert await Pipeline(stage).collect("a") == ["pool_0"]


def test_a_call_that_the_executor_gives_up_has_failed() -> None:
    """And its task is not cancelled: so the item can be tried again, elsewhere."""

    async def main() -> None:
        release = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            try:
                call = in_executor(pool, lambda item: release.wait())
                tasks = [asyncio.create_task(call(item)) for item in "ab"]
                await asyncio.sleep(0)  # one is begun, one waits in the pool's queue
                pool.shutdown(wait=False, cancel_futures=True)
                with pytest.raises(concurrent.futures.CancelledError, match="given the call up"):
                    await tasks[1]
            finally:
                release.set()
            assert await tasks[0]

    asyncio.run(main())


@pytest.mark.parametrize("make", [ThreadPoolExecutor, ProcessPoolExecutor])
async def test_an_iterator_that_is_exhausted_there_is_an_error_like_any_other(
    make: type[Executor],
) -> None:
    with make() as pool:
        exhausted = in_executor(pool, next)
        with pytest.raises(RuntimeError, match="the function raised StopIteration"):
            await exhausted(iter(()))
