"""What the order of two layers means: each test is a row of the README's table."""

import asyncio
from asyncio import sleep
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from pipeline_kit import Layer, Pipeline, Stage
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker, CircuitOpen
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.item_deadline import ItemDeadline
from pipeline_kit.patterns.metrics import Metrics
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.scaling import Autoscaler
from pipeline_kit.patterns.timeout import CallTimeoutError, Timeout


def now() -> float:
    return asyncio.get_running_loop().time()


def retry(attempts: int = 3) -> Retry:
    return Retry(attempts, wait_initial=1, wait_jitter=0)  # pauses of 1 s, 2 s, …


def breaker(calls: int) -> CircuitBreaker:
    return CircuitBreaker(sliding_window_size=calls)


class Server:
    """A function that fails its first calls, and takes its time for each."""

    def __init__(self, *, failures: int = 0, seconds: float = 0) -> None:
        self.failures, self.seconds = failures, seconds
        self.calls = 0

    async def __call__(self, item: object) -> object:
        self.calls += 1
        failing = self.calls <= self.failures
        await sleep(self.seconds)
        if failing:
            raise OSError(item)
        return item


async def call(server: Server, layers: Sequence[Layer], item: object = "item") -> Any:
    return await wrap(server, layers)(item)


async def test_each_attempt_or_all_of_them_together_have_the_time() -> None:
    assert await call(Server(failures=2, seconds=2), [retry(), Timeout(3)]) == "item"
    assert now() == 2 + 1 + 2 + 2 + 2
    with pytest.raises(CallTimeoutError):
        await call(Server(failures=2, seconds=2), [Timeout(3), retry()])
    assert now() == 9 + 3


async def test_a_breaker_sees_each_attempt_or_only_what_failed_in_spite_of_them() -> None:
    inside, outside = breaker(9), breaker(9)
    await call(Server(failures=2), [retry(), inside])
    assert inside.statistics().rates.failed_calls == 2
    await call(Server(failures=2), [outside, retry()])
    assert outside.statistics().rates.failed_calls == 0


async def test_retries_take_permits_or_go_beyond_the_limit() -> None:
    server, inside, outside = Server(failures=2), RateLimit(1, burst=3), RateLimit(1, burst=3)
    await call(server, [retry(), inside])
    assert inside.statistics().acquired == server.calls == 3
    await call(Server(failures=2), [outside, retry()])
    assert outside.statistics().acquired == 1


async def test_a_refused_call_takes_no_permit_or_takes_one_for_nothing() -> None:
    inside, outside = RateLimit(1, burst=9), RateLimit(1, burst=9)
    for layers in ([breaker(1), inside], [outside, breaker(1)]):
        server = Server(failures=1)
        with suppress(OSError):
            await call(server, layers)
        with pytest.raises(CircuitOpen):
            await call(server, layers)
    assert (inside.statistics().acquired, outside.statistics().acquired) == (1, 2)


async def test_waiting_for_a_permit_counts_towards_the_timeout_or_does_not() -> None:
    for layers, in_time in (
        ([RateLimit(1), Timeout(1.5)], 3),
        ([Timeout(1.5), RateLimit(1)], 1),
    ):
        calls = [call(Server(seconds=1), layers) for _ in range(3)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert results.count("item") == in_time


async def test_a_fallback_is_the_last_resort_or_keeps_retries_from_ever_happening() -> None:
    server = Server(failures=2)
    assert await call(server, [Fallback(value="substitute"), retry()]) == "item"
    assert server.calls == 3
    server = Server(failures=2)
    assert await call(server, [retry(), Fallback(value="substitute")]) == "substitute"
    assert server.calls == 1


async def test_a_substitute_is_not_kept_in_a_cache_or_is() -> None:
    for layers, second in (
        ([Fallback(value="substitute"), Cache()], "item"),
        ([Cache(), Fallback(value="substitute")], "substitute"),
    ):
        server = Server(failures=1)
        assert await call(server, layers) == "substitute"
        assert await call(server, layers) == second


async def test_a_hit_takes_no_permit_or_takes_one() -> None:
    inside, outside = RateLimit(1, burst=9), RateLimit(1, burst=9)
    for layers in ([Cache(), inside], [outside, Cache()]):
        for _ in range(3):
            await call(Server(), layers)
    assert (inside.statistics().acquired, outside.statistics().acquired) == (1, 3)


async def test_metrics_measure_the_stage_or_the_bare_function() -> None:
    first, last = Metrics(), Metrics()
    await call(Server(failures=2, seconds=1), [first, retry(), last])
    assert (first.calls().completed, first.calls().errors.total()) == (1, 0)
    assert (last.calls().completed, last.calls().errors.total()) == (1, 2)
    assert (first.calls().worked, last.calls().worked) == (6, 3)


async def test_a_worker_is_kept_during_the_pauses_or_let_go() -> None:
    for layers, seconds in (
        ([Autoscaler(max_workers=1), retry()], 2 * (1 + 1 + 1)),
        ([retry(), Autoscaler(max_workers=1)], 1 + 1 + 1 + 1),
    ):
        begin = now()
        calls = [call(Server(failures=1, seconds=1), layers) for _ in range(2)]
        await asyncio.gather(*calls)
        assert now() - begin == seconds


async def test_an_item_deadline_comes_first_or_its_stamp_gets_lost() -> None:
    deadline = ItemDeadline(5)
    substitute = Fallback(value="substitute")
    first = Stage(Server(failures=1), name="first", layers=[deadline, substitute])
    second = Stage(Server(), name="second", layers=[deadline])
    [result] = await Pipeline(first, second).collect([deadline.stamp("item")])
    assert result.value == "substitute"
    wrong = Stage(Server(failures=1), name="first", layers=[substitute, deadline])
    with pytest.raises(Exception, match="item has no deadline: 'substitute'"):
        await Pipeline(wrong, second).collect([deadline.stamp("item")])
