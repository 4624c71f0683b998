"""What a layer costs a pipeline while it has nothing to do.

CPU time, not elapsed time, of pairs of runs in turn, and the best of each: other programs can only
add to it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from math import inf
from time import process_time
from typing import Any

from pipeline_kit import Layer, Pipeline, Stage
from pipeline_kit.patterns.adaptive_rate import AdaptiveRateLimit
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.item_deadline import ItemDeadline
from pipeline_kit.patterns.limits import AIMD, Gradient
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.metrics import Metrics
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.retry_budget import RetryBudget
from pipeline_kit.patterns.scaling import Autoscaler
from pipeline_kit.patterns.strategies import (
    FirstFree,
    LeastLoaded,
    PeakEwma,
    PowerOfTwoChoices,
    RoundRobin,
    SmoothWeightedRoundRobin,
)
from pipeline_kit.patterns.timeout import Timeout

ITEMS = 20_000
ROUNDS = 15

Call = Callable[[Any], Awaitable[Any]]

RATE = 1e9  # permits a second, more than anybody asks for

LAYERS: dict[str, Callable[[], Layer]] = {
    "Timeout": lambda: Timeout(60),
    "ItemDeadline": lambda: ItemDeadline(60),
    "Retry": Retry,
    "Retry with a budget": lambda: Retry(budget=RetryBudget()),
    "Fallback to a value": lambda: Fallback(value=None),
    "Fallback to the last good result": lambda: Fallback(last_good=True),
    "RateLimit": lambda: RateLimit(RATE, burst=10**9),
    "AdaptiveRateLimit, AIMD": lambda: AdaptiveRateLimit(AIMD()),
    "AdaptiveRateLimit, Gradient": lambda: AdaptiveRateLimit(Gradient()),
    "CircuitBreaker": CircuitBreaker,
    "CircuitBreaker over time": lambda: CircuitBreaker(
        sliding_window_type="time", slow_call_duration_threshold=1
    ),
    "Cache, a hit": Cache,
    "Cache with a ttl, a hit": lambda: Cache(ttl=3600),
    "Metrics": Metrics,
    "Autoscaler": lambda: Autoscaler(max_workers=4),
}

STRATEGIES = (
    FirstFree,
    RoundRobin,
    SmoothWeightedRoundRobin,
    LeastLoaded,
    PowerOfTwoChoices,
    PeakEwma,
)


async def function(item: Any) -> Any:
    return item


async def through_pipeline(function: Call, layers: Sequence[Layer], items: list[Any]) -> float:
    """Return the CPU time, in seconds, of passing `items` through a pipeline of one stage."""
    pipeline = Pipeline(Stage(function, buffer=100, layers=layers), buffer=100)
    began = process_time()
    results = await pipeline.collect(items)
    took = process_time() - began
    assert len(results) == len(items)
    return took


async def cost_in_pipeline(function_with: Call, layers: Sequence[Layer]) -> tuple[float, float]:
    """Return the best times, in seconds, of runs with and without, in turn."""
    deadlines = [layer for layer in layers if isinstance(layer, ItemDeadline)]
    plain: list[Any] = [number % 100 for number in range(ITEMS)]
    best_with = best_without = inf
    for _ in range(ROUNDS):
        items = [deadlines[0].stamp(item) for item in plain] if deadlines else plain
        best_with = min(best_with, await through_pipeline(function_with, layers, items))
        best_without = min(best_without, await through_pipeline(function, (), plain))
    return best_with, best_without


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    for name, make in LAYERS.items():
        yield _in_pipeline(name, function, [make()])
    for strategy in STRATEGIES:
        balancer = LoadBalancer([function] * 4, strategy=strategy())
        yield _in_pipeline(f"LoadBalancer, {strategy.__name__}", balancer, [])


def _in_pipeline(name: str, call: Call, layers: Sequence[Layer]) -> tuple[str, str, str]:
    with_it, without = asyncio.run(cost_in_pipeline(call, layers))
    rates = f"{ITEMS / with_it:,.0f}/s of {ITEMS / without:,.0f}/s"
    extra = 1e6 * (with_it - without) / ITEMS
    return name, f"{extra:.2f} µs, {rates}", "at most 2 µs"
