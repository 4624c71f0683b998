"""Pipelines for the tests of pictures, each built by a `make` as a notebook would write it."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pipeline_kit import FILTERED, Channel, Pipeline, Stage
from pipeline_kit.live.knobs import Knobs
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.retry import Retry


def two_stages(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """A quick stage, a buffer of two, and one that takes four times as long."""

    async def quick(item: int) -> int:
        await asyncio.sleep(0.1)
        return item

    async def slow(item: int) -> int:
        await asyncio.sleep(getattr(knobs, "delay", 0.4))
        return item

    return Pipeline(Stage(quick), Stage(slow, buffer=2)), range(5)


def failing(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """Fails on the third item, at 0.3 s."""

    async def divide(item: int) -> float:
        await asyncio.sleep(0.1)
        return 1 / (item - 2)

    return Pipeline(Stage(divide)), range(5)


def marked(knobs: Knobs) -> tuple[Pipeline, Iterable[str]]:
    """The second call is made twice, the third answered from the cache, the fourth replaced."""
    calls: list[str] = []

    async def fetch(item: str) -> str:
        await asyncio.sleep(0.1)
        calls.append(item)
        if item == "lost" or (item == "shaky" and calls.count(item) == 1):
            raise ConnectionError
        return item

    layers = [Fallback(value=""), Cache(), Retry(2, wait_initial=0, on=ConnectionError)]
    return Pipeline(Stage(fetch, layers=layers)), ["good", "shaky", "good", "lost"]


def filtering(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """Lets every second of four items pass."""

    async def keep_even(item: int) -> Any:
        await asyncio.sleep(0.1)
        return FILTERED if item % 2 else item

    return Pipeline(Stage(keep_even)), range(4)


def deadlocked(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """Waits for an event that nobody sets."""

    async def wait(item: int) -> Any:
        await asyncio.Event().wait()

    return Pipeline(Stage(wait)), range(5)


class Impatient(Channel[Any]):
    """Has room for one item, and throws away what it has not taken within 0.1 s."""

    def __init__(self) -> None:
        super().__init__(1)

    async def send(self, item: Any) -> None:
        """Wait for room, but not for long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(super().send(item), 0.1)


def stalling(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """Works on its first item for 1 s, and then waits for an event that nobody sets."""

    async def stall(item: int) -> Any:
        await asyncio.sleep(1)
        await asyncio.Event().wait()

    return Pipeline(Stage(stall)), range(2)


def throwing_away(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """The first stage loses what the second, slower one has no room for, without a word."""

    async def quick(item: int) -> int:
        await asyncio.sleep(0.1)
        return item

    async def slow(item: int) -> int:
        await asyncio.sleep(0.4)
        return item

    return Pipeline(Stage(quick), Stage(slow, channel=Impatient)), range(9)


def endless(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """Never comes to an end by itself."""

    async def work(item: int) -> int:
        await asyncio.sleep(1)
        return item

    return Pipeline(Stage(work)), iter(int, 1)


def never_out(knobs: Knobs) -> tuple[Pipeline, Iterable[int]]:
    """Keeps its first item for ever, while time goes on."""

    async def keep(item: int) -> None:
        while True:
            await asyncio.sleep(1)

    return Pipeline(Stage(keep)), range(5)
