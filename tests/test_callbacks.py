from collections.abc import Callable
from typing import Any

import pytest

from pipeline_kit import Stage
from pipeline_kit.patterns.backpressure import OverflowChannel
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.error_handling import in_turn
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.fan_out import partition_by
from pipeline_kit.patterns.map_reduce import map_reduce
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.scaling import Autoscaler
from pipeline_kit.patterns.watermarks import Watermarks


def count(**functions: Any) -> object:
    usual: dict[str, Any] = {"mapper": str, "key": str, "reducer": max, "initial": str}
    return map_reduce("abc", **(usual | functions))


CALLBACKS: dict[str, Callable[[Any], object]] = {
    "on_error": lambda function: Stage(str, on_error=function),
    "route": lambda function: Stage(str, workers=2, route=function),
    "a handler": lambda function: in_turn(print, function),
    "on_state_change": lambda function: CircuitBreaker(on_state_change=function),
    "on_scale": lambda function: Autoscaler(max_workers=2, on_scale=function),
    "on_drop": lambda function: OverflowChannel(9, overflow="drop_newest", on_drop=function),
    "weigh": lambda function: OverflowChannel(max_weight=9, weigh=function),
    "on_high": lambda function: Watermarks(on_high=function, on_low=print),
    "on_low": lambda function: Watermarks(on_high=print, on_low=function),
    "key": lambda function: Cache(key=function),
    "key of a fallback": lambda function: Fallback(last_good=True, key=function),
    "key of a partition": partition_by,
    "key of a map-reduce": lambda function: count(key=function),
    "reducer": lambda function: count(reducer=function),
    "initial": lambda function: count(initial=function),
    "combiner": lambda function: count(combiner=function),
    "on": lambda function: Retry(on=function),
}


@pytest.mark.parametrize("argument", CALLBACKS)
def test_an_async_function_whose_coroutine_nobody_would_await_is_refused(argument: str) -> None:
    async def later(*given: object) -> None: ...

    name = argument.split(" of ")[0]
    with pytest.raises(TypeError, match=rf"^{name} must be a plain function, got the async .*; \w"):
        CALLBACKS[argument](later)


@pytest.mark.parametrize("argument", [name for name in CALLBACKS if name != "on"])
def test_what_cannot_be_called_is_refused_by_name(argument: str) -> None:
    with pytest.raises(TypeError, match=rf"^{argument.split(' of ')[0]} must be .*, got 3"):
        CALLBACKS[argument](3)


def test_a_plain_function_will_do() -> None:
    for make in CALLBACKS.values():
        make(lambda *given: None)
