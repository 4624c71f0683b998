import asyncio
from collections.abc import Callable, Coroutine
from random import Random

import pytest

from pipeline_kit import Channel, DeadlockError, Pipeline, Stage
from pipeline_kit.schedules import ScheduledRun, Search, search_schedules
from pipeline_kit.shuffled_loop import ShuffledLoop
from pipeline_kit.source import Source
from pipeline_kit.virtual_time import run


async def three_tasks() -> str:
    """Return in which order three tasks, all ready at once, take their turns."""
    order: list[str] = []

    async def append(name: str) -> None:
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(append(name))
    return "".join(order)


async def lost_update() -> int:
    """Add 1 twice, without a lock: right as long as nobody gets in between."""
    total = 0

    async def add() -> None:
        nonlocal total
        seen = total
        await asyncio.sleep(1)
        total = seen + 1

    async def add_later() -> None:
        await asyncio.sleep(1.2)
        await add()

    async with asyncio.TaskGroup() as group:
        group.create_task(add())
        group.create_task(add_later())
    return total


LINKS = {0: (1, 2, 3), 1: (4, 5, 6), 2: (7, 8, 9), 3: (10,), 4: (11,)}


def crawler(capacity: int) -> Callable[[], tuple[Pipeline, Source]]:
    """Make a pipeline whose stage sends the links it finds back to its own source."""

    def make() -> tuple[Pipeline, Source]:
        todo = Channel[int](capacity, name="todo")
        todo.send_nowait(0)
        unfinished = 1

        async def visit(page: int) -> int:
            nonlocal unfinished
            await asyncio.sleep(1)
            for link in LINKS.get(page, ()):
                unfinished += 1
                await todo.send(link)
            unfinished -= 1
            if not unfinished:
                todo.close()
            return page

        return Pipeline(Stage(visit, workers=3)), todo

    return make


def results_of(search: Search) -> set[object]:
    return {search.replay(number).result for number in range(len(search.runs))}


def test_every_order_of_tasks_that_are_ready_is_tried() -> None:
    search = search_schedules(three_tasks, runs=100)
    assert results_of(search) == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_a_race_that_exact_delays_hide_is_found_with_jitter() -> None:
    def right(run: ScheduledRun) -> bool:
        return run.result == 2

    assert search_schedules(lost_update, claim=right, runs=20, jitter=0.0).failed == []
    search = search_schedules(lost_update, claim=right, runs=200, jitter=0.5)
    assert 0 < len(search.failed) < 200
    assert search.failed[0].failure == "the claim does not hold for 1"


def test_a_deadlock_that_needs_an_order_is_found_and_said() -> None:
    search = search_schedules(crawler(3), runs=100)
    assert 0 < len(search.failed) < 100
    assert search.shortest is not None
    assert search.shortest.failure.startswith("DeadlockError: at ")
    assert "Channel.send on <Channel 'todo'" in search.shortest.failure


def test_with_room_for_all_nothing_deadlocks() -> None:
    search = search_schedules(crawler(12), claim=lambda run: len(run.result) == 12, runs=100)
    assert search.failed == []
    assert search.shortest is None
    assert str(search) == "none of 100 schedules fails"


def test_a_replay_is_the_run_that_was_found() -> None:
    search = search_schedules(crawler(3), runs=50)
    shortest = search.shortest
    assert shortest is not None
    again, once_more = search.replay(shortest.number), search.replay(shortest.number)
    assert again.in_short() == shortest
    assert isinstance(again.error, DeadlockError)
    assert again.trace.events
    assert again.trace.events == once_more.trace.events


def test_the_shortest_has_the_fewest_steps() -> None:
    search = search_schedules(crawler(3), runs=100)
    assert search.shortest is not None
    assert search.shortest.steps == min(run.steps for run in search.failed) > 0
    assert f"shortest: number {search.shortest.number}, after {search.shortest.steps}" in str(
        search
    )


def test_the_same_seed_gives_the_same_runs_and_another_one_others() -> None:
    first, same = (search_schedules(crawler(3), runs=50, seed=3) for _ in range(2))
    other = search_schedules(crawler(3), runs=50, seed=4)
    assert first.runs == same.runs
    assert first.runs != other.runs


def test_an_error_of_the_program_is_a_failure_with_its_name() -> None:
    async def main() -> None:
        raise LookupError("no such page")

    search = search_schedules(main, runs=3)
    assert [run.failure for run in search.failed] == ["LookupError: no such page"] * 3


def test_a_program_that_ends_cancelled_is_a_failure_too() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(10))
        await asyncio.sleep(1)
        task.cancel()
        await task

    search = search_schedules(main, runs=3)
    assert len(search.failed) == 3
    assert search.failed[0].failure.startswith("CancelledError: something that it waited for")


def test_an_assertion_in_a_claim_says_what_is_wrong() -> None:
    def claim(run: ScheduledRun) -> bool:
        if run.result[0] != "a":
            raise AssertionError(f"a must go first, not {run.result[0]}")
        return True

    failures = {run.failure for run in search_schedules(three_tasks, claim=claim, runs=60).failed}
    assert failures == {"a must go first, not b", "a must go first, not c"}


def test_delays_get_longer_by_up_to_their_jitter_and_never_shorter() -> None:
    async def main() -> None:
        await asyncio.sleep(10)

    exact = search_schedules(main, runs=5, jitter=0.0)
    assert {run.seconds for run in exact.runs} == {10.0}
    seconds = [run.seconds for run in search_schedules(main, runs=200, jitter=0.5).runs]
    assert 10.0 <= min(seconds) < 10.5
    assert 14.5 < max(seconds) <= 15.0


def test_an_endless_program_counts_as_failed() -> None:
    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    search = search_schedules(main, runs=1, patience=0.05)
    assert search.failed[0].failure.startswith("StalledError: the virtual clock has stood")


def test_the_steps_of_tasks_are_counted() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        await asyncio.sleep(1)

    loop = ShuffledLoop(Random(0))
    run(main, loop=loop)
    assert loop.steps >= 3


def test_programs_that_cannot_be_run_are_refused() -> None:
    with pytest.raises(TypeError, match="make must be a function that makes the program anew"):
        search_schedules([1, 2])  # type: ignore[arg-type] # that is what is tried
    with pytest.raises(TypeError, match=r"return Pipeline\(…\), range\(20\)`; it returned 7"):
        search_schedules(lambda: 7)  # type: ignore[arg-type, return-value] # likewise
    with pytest.raises(ValueError, match="runs must be a whole number of schedules, 1 or more"):
        search_schedules(three_tasks, runs=0)
    with pytest.raises(ValueError, match=r"runs must be .*, got 2\.5"):
        search_schedules(three_tasks, runs=2.5)  # type: ignore[arg-type] # likewise
    with pytest.raises(ValueError, match="jitter must be 0 or more"):
        search_schedules(three_tasks, jitter=-1)
    with pytest.raises(ValueError, match="patience must be above 0"):
        search_schedules(three_tasks, patience=0)


def test_a_coroutine_function_may_be_any_callable() -> None:
    def make() -> Coroutine[None, None, str]:
        return three_tasks()

    assert search_schedules(make, runs=2).failed == []


def test_a_claim_that_would_always_hold_is_refused() -> None:
    async def claim(run: ScheduledRun) -> bool:
        return False

    with pytest.raises(TypeError, match="claim must be a plain function, got the async"):
        search_schedules(three_tasks, claim=claim)
