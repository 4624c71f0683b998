import asyncio
from asyncio import create_task, sleep
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.fallback import Fallback, FallbackStatistics
from pipeline_kit.patterns.timeout import Timeout


def now() -> float:
    return asyncio.get_running_loop().time()


class Server:
    """Answers each item with how often it has been asked, unless it is down."""

    def __init__(self, *, up: bool = True) -> None:
        self.up = up
        self.asked = 0

    async def __call__(self, item: Any) -> str:
        self.asked += 1
        if not self.up:
            raise ConnectionError
        return f"{item} {self.asked}"


async def test_a_value_stands_in_for_a_result() -> None:
    fallback = Fallback(value=None)
    assert await fallback.call(Server(up=False), "a") is None
    assert await fallback.call(Server(), "a") == "a 1"
    assert fallback.statistics() == FallbackStatistics(0, function=0, value=1, passed_on=0)


@pytest.mark.parametrize("function", [str.upper, Server()])
async def test_a_function_plain_or_async_finds_a_substitute(function: Any) -> None:
    fallback = Fallback(function=function)
    assert await fallback.call(Server(up=False), "a") in ("A", "a 1")
    assert fallback.statistics().function == 1


async def test_if_the_other_function_fails_too_both_errors_are_seen() -> None:
    def fail(item: str) -> None:
        raise LookupError

    fallback = Fallback(function=fail)
    with pytest.raises(LookupError) as caught:
        await fallback.call(Server(up=False), "a")
    assert isinstance(caught.value.__context__, ConnectionError)


async def test_the_last_good_result_is_that_of_the_same_item() -> None:
    server, fallback = Server(), Fallback(last_good=True)
    for item in "aba":
        await fallback.call(server, item)
    server.up = False
    assert await fallback.call(server, "a") == "a 3"
    assert await fallback.call(server, "b") == "b 2"
    with pytest.raises(ConnectionError):
        await fallback.call(server, "c")
    assert fallback.statistics() == FallbackStatistics(2, function=0, value=0, passed_on=1)


async def test_while_there_is_no_good_result_the_value_stands_in() -> None:
    server, fallback = Server(up=False), Fallback(last_good=True, value="none yet")
    assert await fallback.call(server, "a") == "none yet"
    server.up = True
    await fallback.call(server, "a")
    server.up = False
    assert await fallback.call(server, "a") == "a 2"


async def test_a_substitute_is_not_remembered_as_a_good_result() -> None:
    server, fallback = Server(up=False), Fallback(last_good=True, function=str.upper)
    await fallback.call(server, "a")
    await fallback.call(server, "a")
    assert fallback.statistics() == FallbackStatistics(0, function=2, value=0, passed_on=0)


async def test_a_key_says_which_items_are_the_same() -> None:
    server, fallback = Server(), Fallback(last_good=True, key=len)
    await fallback.call(server, ["x"])
    server.up = False
    assert await fallback.call(server, ["y"]) == "['x'] 1"


async def test_an_item_without_key_is_refused_before_the_call() -> None:
    server = Server()
    with pytest.raises(TypeError, match=r"and \['x'\] is not hashable; pass key="):
        await Fallback(last_good=True).call(server, ["x"])
    assert server.asked == 0


async def test_only_the_errors_asked_for_are_fallen_back_from() -> None:
    fallback = Fallback(value=None, on=(KeyError, ValueError))
    with pytest.raises(ConnectionError):
        await fallback.call(Server(up=False), "a")


async def test_a_cancellation_passes_through() -> None:
    task = create_task(Fallback(value=None).call(sleep, 3600))
    await sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_base_exception_passes_through() -> None:
    class Interrupt(BaseException):
        pass

    def interrupt(item: Any) -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        await Fallback(value=None).call(interrupt, "a")


async def test_outside_a_timeout_it_stands_in_for_what_takes_too_long() -> None:
    assert await wrap(sleep, [Fallback(value="late"), Timeout(1)])(60) == "late"


async def test_outside_a_breaker_and_a_timeout_it_keeps_a_pipeline_going() -> None:
    """A server hangs for good after its first answers: all items come out, late ones at once."""
    asked = 0

    async def hang_after_three(item: str) -> str:
        nonlocal asked
        asked += 1
        if asked > 3:
            await sleep(3600)
        return item.upper()

    fallback = Fallback(last_good=True)
    breaker = CircuitBreaker(sliding_window_size=4, minimum_number_of_calls=4)
    stage = Stage(hang_after_three, layers=[fallback, breaker, Timeout(2)])
    assert await Pipeline(stage).collect("abc" * 10) == list("ABC" * 10)
    assert asked == 5  # three good calls, and two that timed out; then the breaker was open
    assert now() == 4
    assert fallback.statistics().last_good == 27
    assert breaker.statistics().not_permitted_calls == 25


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_it_remembers_the_results_used_last_and_no_more(
    maxsize: int, calls: list[tuple[int, bool]]
) -> None:
    """A failed call gives the last good result of its key if that is among the `maxsize` latest."""

    async def main() -> None:
        fallback, server = Fallback(last_good=True, value=None, maxsize=maxsize), Server()
        latest: dict[int, str] = {}
        for key, server.up in calls:
            result = await fallback.call(server, key)
            if server.up:
                latest.pop(key, None)
                latest[key] = result
                latest = dict(list(latest.items())[-maxsize:])
            else:
                assert result == latest.get(key)
                if key in latest:
                    latest[key] = latest.pop(key)
        server.up = False
        for key in range(6):
            assert await fallback.call(server, key) == latest.get(key)

    virtual_time.run(main)


async def test_a_result_that_was_fallen_back_to_counts_as_used() -> None:
    server, fallback = Server(), Fallback(last_good=True, value=None, maxsize=2)
    for item, server.up in (("a", True), ("b", True), ("a", False), ("c", True)):
        await fallback.call(server, item)
    server.up = False
    assert [await fallback.call(server, item) for item in "abc"] == ["a 1", None, "c 4"]


def test_a_fallback_to_nothing_or_to_two_things_is_refused() -> None:
    with pytest.raises(ValueError, match="needs something to fall back on: value=…, function=… or"):
        Fallback()
    with pytest.raises(
        ValueError, match="a value or a function, not both; let the function return"
    ):
        Fallback(value=0, function=len)


def test_other_mistakes_are_refused() -> None:
    with pytest.raises(TypeError, match="function must be callable with one item, got 3"):
        Fallback(function=3)  # type: ignore[arg-type] # the mistake
    with pytest.raises(TypeError, match="key must be callable with one item, got 'id'"):
        Fallback(last_good=True, key="id")  # type: ignore[arg-type] # the mistake
    with pytest.raises(ValueError, match="maxsize must be a whole number of results"):
        Fallback(last_good=True, maxsize=0)
    with pytest.raises(TypeError, match="on must be an Exception class or a tuple of them, got"):
        Fallback(value=0, on=asyncio.CancelledError)  # type: ignore[arg-type] # the mistake
