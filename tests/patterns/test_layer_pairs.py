"""Every layer composes with every other, in either order: all ordered pairs are tried.

A pair is put around a function that is slow, fails, recovers, or takes its time to clean up; calls
come at random moments, and some are cancelled. Spies stand outside, between and inside the two:

    call ──▶ spy ─▶ layer ─▶ spy ─▶ layer ─▶ spy ─▶ function

So what each layer says it did can be held against what went in and what came out.
"""

import asyncio
from asyncio import CancelledError, Task, create_task, sleep
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_kit import Layer, Pipeline, Stage, virtual_time
from pipeline_kit.layer import Function, invoke, wrap
from pipeline_kit.patterns.adaptive_rate import AdaptiveRateLimit
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.error_handling import skip
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.health import OutlierEjection
from pipeline_kit.patterns.item_deadline import ItemDeadline, Stamped
from pipeline_kit.patterns.limits import AIMD, Gradient
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.metrics import Metrics
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.retry_budget import RetryBudget
from pipeline_kit.patterns.scaling import Autoscaler
from pipeline_kit.patterns.timeout import Timeout


class Spy:
    """A layer that does nothing but count, and keep the errors that pass."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.returned = self.cancelled = self.going_on = self.peak = 0
        self.errors: list[Exception] = []

    async def call(self, function: Function, item: Any) -> Any:
        self.starts.append(asyncio.get_running_loop().time())
        self.going_on += 1
        self.peak = max(self.peak, self.going_on)
        try:
            result = await invoke(function, item)
        except Exception as error:
            self.errors.append(error)
            raise
        except CancelledError:
            self.cancelled += 1
            raise
        else:
            self.returned += 1
            return result
        finally:
            self.going_on -= 1

    @property
    def started(self) -> int:
        return len(self.starts)


class Balanced:
    """A load balancer as a layer: its two workers call what is inside of it."""

    def __init__(self) -> None:
        ejection = OutlierEjection(consecutive_failures=2, base_ejection_time=5)
        self.balancer = LoadBalancer([self._work, self._work], ejection=ejection)

    async def call(self, function: Function, item: Any) -> Any:
        return await self.balancer((function, item))

    async def _work(self, call: tuple[Function, Any]) -> Any:
        return await invoke(*call)


def added(outside: Spy, inside: Spy) -> int:
    """Return how many errors came out that had not come from inside."""
    return len({id(error) for error in outside.errors} - {id(error) for error in inside.errors})


# What each layer must be able to account for, given what its spies have seen outside and inside.


def check_timeout(layer: Timeout, outside: Spy, inside: Spy) -> None:
    statistics = layer.statistics()
    assert statistics.timed_out == added(outside, inside)
    assert statistics.still_running == 0


def check_item_deadline(layer: ItemDeadline, outside: Spy, inside: Spy) -> None:
    statistics = layer.statistics()
    assert statistics.timed_out + layer.expired_while_waiting == added(outside, inside)
    assert statistics.still_running == 0


def check_retry(layer: Retry, outside: Spy, inside: Spy) -> None:
    statistics = layer.statistics()
    assert statistics.retries == inside.started - outside.started
    assert statistics.given_up == len(outside.errors)
    assert layer.attempts * outside.started >= inside.started


def check_fallback(layer: Fallback, outside: Spy, inside: Spy) -> None:
    statistics = layer.statistics()
    assert statistics.last_good + statistics.value == len(inside.errors)
    assert outside.errors == []


def check_rate_limit(layer: RateLimit, outside: Spy, inside: Spy) -> None:
    statistics = layer.statistics()
    assert (statistics.acquired, statistics.waiting) == (inside.started, 0)
    for number, start in enumerate(inside.starts):
        for calls, end in enumerate(inside.starts[number:], start=1):
            assert calls <= layer.rate * (end - start) + layer.burst + 1e-6


def check_adaptive(layer: AdaptiveRateLimit, outside: Spy, inside: Spy) -> None:
    assert (layer.in_flight, layer.waiting) == (0, 0)
    assert inside.peak <= 4


def check_breaker(layer: CircuitBreaker, outside: Spy, inside: Spy) -> None:
    refused = layer.statistics().not_permitted_calls
    assert refused == outside.started - inside.started == added(outside, inside)


def check_cache(layer: Cache, outside: Spy, inside: Spy) -> None:
    statistics = layer.statistics()
    assert statistics.hit_count + statistics.miss_count == outside.started
    assert statistics.load_count == inside.started
    assert statistics.load_failure_count == len(inside.errors)
    assert statistics.size <= layer.maxsize


def check_metrics(layer: Metrics, outside: Spy, inside: Spy) -> None:
    calls = layer.calls()
    assert (calls.in_flight, calls.completed) == (0, outside.returned)
    assert (calls.errors.total(), calls.cancelled) == (len(outside.errors), outside.cancelled)


def check_autoscaler(layer: Autoscaler, outside: Spy, inside: Spy) -> None:
    assert (layer.busy, layer.waiting) == (0, 0)
    assert inside.peak <= layer.max_workers


def check_balancer(layer: Balanced, outside: Spy, inside: Spy) -> None:
    workers = layer.balancer.statistics()
    assert [(worker.working, worker.waiting) for worker in workers] == [(0, 0)] * 2
    assert sum(worker.completed for worker in workers) == outside.returned
    assert sum(worker.failed for worker in workers) == len(inside.errors)
    assert inside.peak <= layer.balancer.slots


def bare(item: Any) -> Any:
    """Take an item out of its stamps, where an `ItemDeadline` is not the first layer."""
    return bare(item.value) if isinstance(item, Stamped) else item


def alike(item: Any) -> int:
    """Make several items the same for what goes by a key."""
    return int(bare(item)) % 3


Check = Callable[[Any, Spy, Spy], None]

KINDS: dict[str, tuple[Callable[[], Layer], Check]] = {
    "Timeout": (lambda: Timeout(1), check_timeout),
    "Timeout with grace": (lambda: Timeout(1, grace=0.5), check_timeout),
    "ItemDeadline": (lambda: ItemDeadline(3), check_item_deadline),
    "Retry": (
        lambda: Retry(3, budget=RetryBudget(0.5, minimum=2), seed=1),
        check_retry,
    ),
    "Fallback": (lambda: Fallback(last_good=True, value=-1, key=alike), check_fallback),
    "RateLimit": (lambda: RateLimit(5, burst=2), check_rate_limit),
    "AdaptiveRateLimit(AIMD)": (
        lambda: AdaptiveRateLimit(AIMD(initial_limit=2, max_limit=4)),
        check_adaptive,
    ),
    "AdaptiveRateLimit(Gradient)": (
        lambda: AdaptiveRateLimit(Gradient(initial_limit=2, max_limit=4)),
        check_adaptive,
    ),
    "CircuitBreaker": (
        lambda: CircuitBreaker(
            failure_rate_threshold=60,
            sliding_window_size=4,
            minimum_number_of_calls=2,
            wait_duration_in_open_state=2,
            permitted_number_of_calls_in_half_open_state=1,
        ),
        check_breaker,
    ),
    "Cache": (
        lambda: Cache(2, ttl=2, ttl_jitter=0.5, stale_while_revalidate=2, key=alike, seed=1),
        check_cache,
    ),
    "Metrics": (Metrics, check_metrics),
    "Autoscaler": (lambda: Autoscaler(max_workers=3, period=0.5), check_autoscaler),
    "LoadBalancer": (Balanced, check_balancer),
}


class Pair:
    """Two layers with their spies, around a function whose items say how it is to behave."""

    def __init__(self, outer: str, inner: str, plans: list[tuple[str, float]]) -> None:
        self.names = (outer, inner)
        self.layers: list[Any] = [KINDS[outer][0](), KINDS[inner][0]()]
        self.spies = [Spy(), Spy(), Spy()]
        (first, second, third), (a, b) = self.spies, self.layers
        self.all_layers: list[Layer] = [first, a, second, b, third]
        self._plans = plans
        self._tried: set[int] = set()

    async def function(self, item: int) -> int:
        """Do as the item's plan says; an item without one takes a moment, and succeeds."""
        how, seconds = self._plans[item] if item < len(self._plans) else ("good", 0.1)
        first_time = item not in self._tried
        self._tried.add(item)
        try:
            await sleep(seconds)
        finally:
            if how == "slow to end":
                await sleep(1)
        if how == "bad" or (how == "bad at first" and first_time):
            raise OSError(item)
        return item

    def stamp(self, item: int) -> Any:
        """Stamp an item for each `ItemDeadline`, the outer one outermost."""
        stamped: Any = item
        for layer in reversed(self.layers):
            if isinstance(layer, ItemDeadline):
                stamped = layer.stamp(stamped)
        return stamped

    def check(self) -> None:
        """Hold what the layers say against what the spies saw; nothing goes on any more."""
        for spy in self.spies:
            assert spy.going_on == 0
            assert spy.started == spy.returned + len(spy.errors) + spy.cancelled
        for at, (name, layer) in enumerate(zip(self.names, self.layers, strict=True)):
            KINDS[name][1](layer, self.spies[at], self.spies[at + 1])
        assert len(asyncio.all_tasks()) == 1


async def in_working_order(pair: Pair) -> bool:
    """Tell whether calls that are good succeed, once the trouble is long over."""
    call = wrap(pair.function, pair.all_layers)
    for item in range(100, 106):
        if bare(await call(pair.stamp(item))) % 3 != item % 3:
            return False
    together = asyncio.gather(*(call(pair.stamp(item)) for item in range(200, 203)))
    return [bare(result) % 3 for result in await together] == [item % 3 for item in range(200, 203)]


pairs = pytest.mark.parametrize("inner", KINDS)
pairs_outer = pytest.mark.parametrize("outer", KINDS)

PLANS = st.tuples(
    st.sampled_from(["good", "bad", "bad at first", "slow to end"]),
    st.integers(0, 15).map(lambda tenths: tenths / 10),
)
CALLS = st.lists(
    st.tuples(
        PLANS,
        st.integers(0, 6).map(lambda tenths: tenths / 10),  # seconds until this call
        st.none() | st.integers(0, 15).map(lambda tenths: tenths / 10),  # and its cancellation
    ),
    min_size=4,
    max_size=12,
)


@pairs
@pairs_outer
@settings(max_examples=8)
@given(calls=CALLS)
def test_a_pair_accounts_for_every_call_and_is_none_the_worse_for_it(
    outer: str, inner: str, calls: list[tuple[tuple[str, float], float, float | None]]
) -> None:
    """Calls end as they should, no task or permit is left, and all statistics agree."""

    async def main() -> None:
        pair = Pair(outer, inner, [plan for plan, *_ in calls])
        call = wrap(pair.function, pair.all_layers)
        tasks: list[tuple[Task[Any], bool]] = []
        for item, (_, wait, cancel_after) in enumerate(calls):
            await sleep(wait)
            task = create_task(invoke(call, pair.stamp(item)))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after, task.cancel)
            tasks.append((task, cancel_after is not None))
        await asyncio.wait([task for task, _ in tasks])
        await sleep(100)  # what goes on in the background ends, and breakers let calls in again
        for task, may_be_cancelled in tasks:
            assert may_be_cancelled or not task.cancelled()
            if not task.cancelled() and task.exception() is None:
                assert bare(task.result()) in range(-1, len(calls))
        pair.check()
        assert await in_working_order(pair)
        await sleep(100)
        pair.check()

    virtual_time.run(main)


@pairs
@pairs_outer
@settings(max_examples=4)
@given(
    plans=st.lists(PLANS, min_size=1, max_size=15),
    workers=st.integers(1, 4),
    ordered=st.booleans(),
    stop_after=st.none() | st.integers(0, 5),
)
def test_a_stage_with_a_pair_accounts_for_every_item(
    outer: str,
    inner: str,
    plans: list[tuple[str, float]],
    workers: int,
    ordered: bool,
    stop_after: int | None,
) -> None:
    """Each item comes out or fails, once; a run that is left early leaves nothing behind."""

    async def main() -> None:
        pair = Pair(outer, inner, plans)
        stage = Stage(
            pair.function,
            workers=workers,
            ordered=ordered,
            layers=pair.all_layers,
            on_error=skip,
        )
        results = []
        async with Pipeline(stage).run(map(pair.stamp, range(len(plans)))) as run:
            async for result in run:
                results.append(bare(result))
                if len(results) == stop_after:
                    break
            else:
                assert len(results) + run.errors.total == len(plans)
        await sleep(100)
        pair.check()
        assert await in_working_order(pair)

    virtual_time.run(main)
