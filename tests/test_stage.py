import asyncio
from asyncio import sleep
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from pipeline_kit import Channel, Stage
from pipeline_kit.layer import is_async
from pipeline_kit.patterns.timeout import Timeout


class Doubler:
    def __call__(self, item: int) -> int:
        return 2 * item


class AsyncDoubler:
    async def __call__(self, item: int) -> int:
        return 2 * item


def double(item: int) -> int:
    return 2 * item


async def slow(item: int) -> int:
    await sleep(1)
    return item


def test_a_stage_is_called_after_its_function_unless_named() -> None:
    assert Stage(double).name == "double"
    assert Stage(double, name="twice").name == "twice"
    assert Stage(Doubler()).name == "Doubler"
    assert repr(Stage(double, workers=3, buffer=5)) == "Stage('double', workers=3, buffer=5)"


def test_async_functions_are_known_in_all_their_forms() -> None:
    assert is_async(slow)
    assert is_async(partial(slow))
    assert is_async(AsyncDoubler())
    assert not is_async(double)
    assert not is_async(Doubler())
    assert not is_async(int)


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2"])
def test_impossible_workers_are_refused(workers: int) -> None:
    with pytest.raises(ValueError, match=r"workers must be a whole number, 1 or more, got"):
        Stage(double, workers=workers)


def test_an_impossible_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"buffer must be .*, got -1; use 0 for a rendezvous"):
        Stage(double, buffer=-1)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="function must be callable with one item, got 3"):
        Stage(3)  # type: ignore[arg-type] # that is the point


def test_a_stage_has_a_channel_of_its_own_or_a_buffer() -> None:
    with pytest.raises(TypeError, match="channel must be a function that makes a channel, got 100"):
        Stage(double, channel=100)  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="with a channel of its own a stage has no buffer, got 5"):
        Stage(double, channel=Channel, buffer=5)


def test_an_async_function_does_not_go_with_an_executor() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match="leave out the executor"):
        Stage(slow, executor=pool)


@pytest.mark.parametrize("executor", [4, ThreadPoolExecutor])
def test_what_is_no_executor_is_refused(executor: Any) -> None:
    with pytest.raises(TypeError, match=r"executor must be .* pass ThreadPoolExecutor\(4\)"):
        Stage(double, executor=executor)


def test_layers_come_in_a_list_and_ready_made() -> None:
    with pytest.raises(TypeError, match=r"layers must be a list .* put it in \[\]"):
        Stage(double, layers=Timeout(1))  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match=r"a layer must be made, got the class: Timeout\("):
        Stage(double, layers=[Timeout])  # type: ignore[list-item] # that is the point


def test_layers_and_handlers_are_checked_when_a_stage_is_made() -> None:
    with pytest.raises(TypeError, match=r"a layer needs a method call\(function, item\), got 3"):
        Stage(double, layers=[3])  # type: ignore[list-item] # that is the point
    with pytest.raises(
        TypeError, match="on_error must be callable with one StageError, got 'skip'"
    ):
        Stage(double, on_error="skip")  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match="on_error must be a plain function"):
        Stage(double, on_error=asyncio.sleep)
