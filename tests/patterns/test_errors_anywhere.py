"""Wherever an exception is raised, it comes out, and the run ends and leaves nothing behind."""

import asyncio
from asyncio import sleep
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pipeline_kit import Pipeline, Stage
from pipeline_kit.patterns.adaptive_rate import AdaptiveRateLimit
from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.leak_detection import no_tasks_left
from pipeline_kit.patterns.limits import AIMD
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.metrics import Metrics
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.scaling import Autoscaler
from pipeline_kit.patterns.strategies import RoundRobin
from pipeline_kit.patterns.timeout import Timeout
from pipeline_kit.patterns.watermarks import Watermarks


class PanicError(Exception):
    """What is raised somewhere."""


def panic(*arguments: Any, **options: Any) -> Any:
    raise PanicError


async def panic_later(item: Any) -> Any:
    await sleep(0.1)
    raise PanicError


async def work(item: Any) -> Any:
    await sleep(0.1)
    return item


def bad_source() -> Iterator[int]:
    yield 1
    raise PanicError


async def bad_async_source() -> AsyncIterator[int]:
    yield 1
    await sleep(0.1)
    raise PanicError


class BadLayer:
    async def call(self, function: Any, item: Any) -> Any:
        raise PanicError


class BadStrategy(RoundRobin):
    choose = panic


class BadAlgorithm(AIMD):
    update = panic


def overflow(**options: Any) -> Callable[[], OverflowChannel[Any]]:
    return lambda: OverflowChannel(2, **options)


every_layer = [
    Metrics(),
    Cache(),
    Retry(2),
    CircuitBreaker(),
    RateLimit(100),
    Autoscaler(max_workers=4),
    Timeout(9),
]

STAGES: dict[str, Stage] = {
    "a plain function": Stage(panic),
    "an async function": Stage(panic_later, workers=3),
    "a function, in order": Stage(panic_later, workers=3, ordered=True),
    "a function in every layer": Stage(panic_later, workers=3, layers=every_layer),
    "a layer": Stage(work, name="work", layers=[BadLayer()]),
    "on_error": Stage(panic_later, on_error=panic),
    "a route": Stage(work, workers=2, route=panic),
    "on_drop": Stage(work, channel=overflow(overflow="drop_newest", on_drop=panic)),
    "weigh": Stage(work, channel=overflow(max_weight=10, weigh=panic)),
    "on_high": Stage(work, channel=overflow(watermarks=Watermarks(on_high=panic, on_low=panic))),
    "a predicate of retries": Stage(panic_later, layers=[Retry(on=panic)]),
    "a fallback": Stage(panic_later, layers=[Fallback(function=panic_later)]),
    "a key": Stage(work, layers=[Cache(key=panic)]),
    "on_state_change": Stage(
        panic_later, layers=[CircuitBreaker(sliding_window_size=1, on_state_change=panic)]
    ),
    "on_scale": Stage(
        work, workers=4, layers=[Autoscaler(max_workers=4, period=0.1, on_scale=panic)]
    ),
    "a strategy": Stage(LoadBalancer([work, work], strategy=BadStrategy())),
    "an algorithm": Stage(work, layers=[AdaptiveRateLimit(BadAlgorithm())]),
}

SOURCES: dict[str, Callable[[], Iterable[int] | AsyncIterator[int]]] = {
    "a source": bad_source,
    "an async source": bad_async_source,
}


async def ends_with_a_panic(pipeline: Pipeline, source: Any) -> None:
    async with asyncio.timeout(60), no_tasks_left():
        with pytest.raises(Exception) as told:  # noqa: PT011 - which one is checked below
            async with pipeline.run(source) as run:
                async for _ in run:
                    pass
    error: BaseException | None = told.value
    while error and not isinstance(error, PanicError):
        error = error.__cause__
    assert error, f"{told.value!r} does not tell what it was"
    assert all(metrics.queue.closed and metrics.behind.closed for metrics in run.metrics)


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("place", STAGES)
async def test_an_exception_in_a_stage_ends_the_run(place: str, at: int) -> None:
    stages = [Stage(work, name="before", workers=2), Stage(work, name="behind", workers=2)]
    stages.insert(at, STAGES[place])
    await ends_with_a_panic(Pipeline(*stages), range(100))


@pytest.mark.parametrize("place", SOURCES)
async def test_an_exception_in_a_source_ends_the_run(place: str) -> None:
    await ends_with_a_panic(Pipeline(Stage(work), Stage(str, name="b")), SOURCES[place]())


async def test_an_exception_in_an_executor_ends_the_run() -> None:
    with ThreadPoolExecutor(2) as pool:
        await ends_with_a_panic(Pipeline(Stage(panic, workers=2, executor=pool)), range(9))


async def test_a_channel_that_cannot_be_made_is_an_error_at_once() -> None:
    async with no_tasks_left():
        with pytest.raises(PanicError):
            await Pipeline(Stage(work, channel=panic)).collect(range(9))


async def test_an_exception_in_the_block_passes_through() -> None:
    async with no_tasks_left():
        with pytest.raises(PanicError):
            async with Pipeline(Stage(work, workers=3)).run(range(100)) as run:
                async for _ in run:
                    panic()
