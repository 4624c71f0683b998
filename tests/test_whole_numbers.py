from collections.abc import Callable

import pytest

from pipeline_kit import Channel, ErrorLog, Pipeline, Stage
from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.patterns.batching import batched
from pipeline_kit.patterns.buffering import AutotunedBuffer
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.dispatch import Worker
from pipeline_kit.patterns.error_handling import DeadLetters
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.health import OutlierEjection
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.object_pool import ObjectPool
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.retry_budget import RetryBudget
from pipeline_kit.patterns.scaling import Autoscaler
from pipeline_kit.whole_numbers import check_whole

SWITCHES: dict[str, Callable[[], object]] = {
    "workers": lambda: Stage(str, workers=True),
    "buffer": lambda: Stage(str, buffer=True),
    "buffer of a pipeline": lambda: Pipeline(Stage(str), buffer=True),
    "capacity": lambda: Channel(True),
    "capacity of an overflow channel": lambda: OverflowChannel(True),
    "limit": lambda: ErrorLog(True),
    "limit of dead letters": lambda: DeadLetters(True),
    "size": lambda: batched([], size=True),
    "max_capacity": lambda: AutotunedBuffer(max_capacity=True),
    "maxsize": lambda: Cache(True),
    "maxsize of a fallback": lambda: Fallback(last_good=True, maxsize=True),
    "sliding_window_size": lambda: CircuitBreaker(sliding_window_size=True),
    "concurrency": lambda: Worker(str, concurrency=True),
    "attempts of a balancer": lambda: LoadBalancer([str, repr], attempts=True),
    "consecutive_failures": lambda: OutlierEjection(consecutive_failures=True),
    "max_size": lambda: ObjectPool(object, max_size=True),
    "burst": lambda: RateLimit(1, burst=True),
    "attempts": lambda: Retry(True),
    "minimum": lambda: RetryBudget(minimum=True),
    "max_workers": lambda: Autoscaler(max_workers=True),
}


@pytest.mark.parametrize("argument", SWITCHES)
def test_a_switch_is_not_taken_for_a_number(argument: str) -> None:
    with pytest.raises(ValueError, match=rf"{argument.split()[0]} .*True"):
        SWITCHES[argument]()


@pytest.mark.parametrize("number", [-1, 1.0, "3", None])
def test_the_message_says_what_is_counted_what_was_given_and_what_to_do(number: int) -> None:
    check_whole("cores", 0, least=0)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is what is tested
        check_whole("cores", number, least=0, of="cores", remedy="None counts them")
    expected = f"cores must be a whole number of cores, 0 or more, got {number!r}; None counts them"
    assert str(caught.value) == expected
