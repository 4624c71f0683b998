import pickle
from asyncio import sleep
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from pipeline_kit import Stage, StageError
from pipeline_kit.stage import is_async
from pipeline_kit.trace import Envelope


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


def test_an_async_function_does_not_go_with_an_executor() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match="leave out the executor"):
        Stage(slow, executor=pool)


def test_an_error_names_stage_item_and_cause() -> None:
    error = StageError.about("parse", "x" * 500)
    error.__cause__ = ValueError("no digits")
    assert str(error).startswith("stage 'parse' failed on item 'xxx")
    assert str(error).endswith(": ValueError: no digits")
    assert len(str(error)) < 300
    numbered = StageError.about("parse", Envelope(7, "1O"))
    assert (numbered.stage, numbered.item, numbered.number) == ("parse", "1O", 7)
    assert str(numbered) == "stage 'parse' failed on item '1O' (number 7)"
    assert str(StageError("source", 3)) == "the source failed after 3 items"


def test_an_error_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(StageError("parse", "x", 7)))
    assert (copy.stage, copy.item, copy.number) == ("parse", "x", 7)
