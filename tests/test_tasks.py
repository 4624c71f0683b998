"""How the tasks of a run end: all of them, undisturbed, and never without a word about a loss."""

import asyncio
import sys
from asyncio import CancelledError, sleep
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from random import Random
from typing import Any

import pytest

from pipeline_kit import Pipeline, Run, Stage, StageError, virtual_time
from pipeline_kit.shuffled_loop import ShuffledLoop
from pipeline_kit.virtual_loop import Poll, Ready


def now() -> float:
    return asyncio.get_running_loop().time()


async def beat(item: Any) -> Any:
    await sleep(1)
    return item


def task_named(name: str) -> "asyncio.Task[Any]":
    return next(task for task in asyncio.all_tasks() if task.get_name() == name)


async def test_a_failure_lets_every_other_task_clean_up_to_the_end() -> None:
    cleaned: list[float] = []

    async def fail_on_1(item: int) -> int:
        await sleep(item)
        return 1 // (1 - item)

    async def careful(item: int) -> None:
        try:
            await sleep(100)
        finally:
            await sleep(2)
            cleaned.append(now())

    pipeline = Pipeline(Stage(fail_on_1), Stage(careful))
    with pytest.raises(StageError, match="'fail_on_1' failed on item 1: ZeroDivisionError"):
        await pipeline.collect([0, 1])
    assert cleaned == [1 + 2]


async def test_a_clean_up_that_fails_does_not_interrupt_that_of_others() -> None:
    cleaned: list[float] = []

    async def clean_up_in_seconds(item: int) -> None:
        try:
            await sleep(100)
        finally:
            await sleep(item)
            if item == 1:
                raise ValueError("a file is missing")
            cleaned.append(now())

    with pytest.raises(StageError, match="failed on item 1: ValueError: a file is missing"):
        async with Pipeline(Stage(clean_up_in_seconds, workers=2)).run([1, 2]):
            await sleep(10)
    assert cleaned == [10 + 2]


async def test_a_cancellation_during_the_clean_up_is_not_lost() -> None:
    async def careful(item: int) -> None:
        try:
            await sleep(100)
        finally:
            await sleep(2)
            cleaned.append(now())

    async def user() -> None:
        async with Pipeline(Stage(careful)).run([1]):
            await sleep(1)

    cleaned: list[float] = []
    task = asyncio.create_task(user())
    await sleep(2)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert cleaned == [1 + 2]


@pytest.mark.parametrize(
    ("options", "victim"),
    [
        ({}, "source"),
        ({}, "a"),
        ({"workers": 2}, "a 1"),
        ({"workers": 2, "ordered": True}, "a 0"),
        ({"workers": 2, "route": lambda item, lanes: item % lanes}, "a 0"),
    ],
    ids=str,
)
async def test_a_task_that_is_cancelled_alone_fails_the_run(
    options: dict[str, Any], victim: str
) -> None:
    with pytest.raises(RuntimeError, match=f"task '{victim}' was cancelled in the midst of a run"):
        async with Pipeline(Stage(beat, name="a", **options)).run(range(10)) as run:
            async for item in run:
                if item == 2:
                    task_named(victim).cancel()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_source_whose_clean_up_fails_has_failed(is_async: bool) -> None:
    def plain() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            raise ValueError("a file is missing")

    async def asynchronous() -> AsyncIterator[int]:
        try:
            for item in range(10):
                yield item
        finally:
            raise ValueError("a file is missing")

    with pytest.raises(StageError, match=r"source failed after .* ValueError: a file is missing"):
        async with Pipeline(Stage(beat)).run(asynchronous() if is_async else plain()) as run:
            await anext(aiter(run))


async def test_a_group_of_errors_stays_one() -> None:
    def give_up(error: StageError) -> None:
        raise ExceptionGroup("all that went wrong", [error, ValueError("b")])

    with pytest.raises(ExceptionGroup, match="all that went wrong"):
        await Pipeline(Stage(lambda item: 1 / item, on_error=give_up)).collect([0])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there were no eager tasks before")
async def test_an_eager_task_may_fail_before_the_others_have_begun() -> None:
    def fail() -> Iterator[int]:
        raise ValueError("no such file")
        yield

    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore] # since 3.12
    with pytest.raises(StageError, match="the source failed after 0 items: ValueError"):
        await Pipeline(Stage(beat)).collect(fail())
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await sleep(1)  # nobody is left to be cancelled


class StrikingLoop(ShuffledLoop):
    """A loop with a random order of tasks that calls `strike` at one of its rounds."""

    strike: Callable[[], object] | None = None
    rounds_left = 0

    def _next_event(self, timeout: float | None, poll: Poll) -> Ready:
        self.rounds_left -= 1
        if self.rounds_left == 0 and self.strike:
            self.call_soon(self.strike)
            timeout = 0
        return super()._next_event(timeout, poll)


class World:
    """Twelve items, three stages with a clean-up, and a book about who has begun and ended what."""

    def __init__(self, seed: int, options: dict[str, Any]) -> None:
        self.random = Random(f"{seed} {options}")
        self.pipeline = Pipeline(
            Stage(self.work, name="a", **options), Stage(self.work, name="b", buffer=5), buffer=2
        )
        self.begun: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.closed = 0
        self.results: list[int] = []
        self.run: Run

    async def source(self) -> AsyncIterator[int]:
        try:
            for item in range(12):
                await sleep(item % 4 // 3)
                yield item
        finally:
            self.closed += 1
            await sleep(0.25)

    async def work(self, item: int) -> int:
        self.begun[item] += 1
        try:
            await sleep(item % 3 / 2)
        except CancelledError:
            await sleep(0.25)
            await sleep(0)
            raise
        finally:
            self.ended[item] += 1
        return item

    async def use(self) -> None:
        async with self.pipeline.run(self.source(), record=True) as self.run:
            async for item in self.run:
                self.results.append(item)
                await sleep(item % 5 // 4)

    def check(self, complete: bool) -> None:
        assert self.begun == self.ended
        assert max(self.begun.values(), default=0) <= 2  # once at each stage
        assert len(self.results) == len(set(self.results))
        assert not complete or sorted(self.results) == list(range(12))
        counts = self.run.trace.counts(1e9)
        assert counts.out == len(self.results)
        assert counts.entered == counts.out + counts.in_flight


def run_and_cancel(victim: str, at: int, world: World) -> "asyncio.Task[None]":
    """Run `world` in a task named "user"; cancel a task of it at round `at` of the event loop."""
    loop = StrikingLoop(world.random)

    async def main() -> "asyncio.Task[None]":
        user = asyncio.create_task(world.use(), name="user")
        loop.strike, loop.rounds_left = strike, at
        await asyncio.wait([user])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return user

    def strike() -> None:
        tasks = sorted(asyncio.all_tasks(), key=asyncio.Task.get_name)
        found = [task for task in tasks if task.get_name().split()[0] in victim]
        if found:
            world.random.choice(found).cancel()

    return virtual_time.run(main, loop=loop)


@pytest.mark.parametrize("victim", ["user", "source", "a or b"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"buffer": 5},
        {"workers": 3},
        {"workers": 3, "ordered": True},
        {"buffer": 5, "workers": 2},
    ],
    ids=str,
)
def test_whatever_is_cancelled_whenever_no_item_is_lost_without_a_word(
    victim: str, options: dict[str, Any]
) -> None:
    for at in range(2, 120):
        world = World(at, options)
        user = run_and_cancel(victim, at, world)
        error = None if user.cancelled() else user.exception()
        assert error is None or (isinstance(error, RuntimeError) and victim != "user")
        world.check(complete=not user.cancelled() and error is None)
