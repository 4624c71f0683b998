"""The example's pipeline: orders from files are priced by servers, added up, and stored.

    files ─▶ parse ─▶ price ─────────▶ add up ──────────▶ batches ─▶ SQLite
              │        │                one worker for each
              ▼        ├─▶ server a     customer
         dead letters  ├─▶ server b
                       └─▶ server c

What the servers do to us, and what is done about it:

    fails now and then      Retry, on another server (LoadBalancer)
    fails all the time      CircuitBreaker, one for each server; it is ejected, and tried again
    is slow                 Timeout, and PeakEwma sends less to it
    is gone                 the same; a broken connection is not used again (ObjectPool)
    allows so many a second RateLimit; while it waits, so do the files (backpressure)
    all are gone            Fallback: the order is stored without a price
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline_kit import Pipeline, Stage
from pipeline_kit.example.orders import Order, is_order, lines_of, load, parse, save
from pipeline_kit.example.servers import Connection, Server
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.batching import batched
from pipeline_kit.patterns.buffering import AutotunedBuffer
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.circuit_breaker import CircuitBreaker
from pipeline_kit.patterns.error_handling import DeadLetters
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.fan_out import partition_by
from pipeline_kit.patterns.filter_transform import filter_transform
from pipeline_kit.patterns.health import OutlierEjection
from pipeline_kit.patterns.load_balancing import (
    LoadBalancer,
    Worker,
    WorkersFailed,
    WorkerStatistics,
)
from pipeline_kit.patterns.map_reduce import map_reduce
from pipeline_kit.patterns.metrics import Metrics, Monitor
from pipeline_kit.patterns.object_pool import ObjectPool
from pipeline_kit.patterns.rate_limiting import RateLimit
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.retry_budget import RetryBudget
from pipeline_kit.patterns.snapshots import RunSnapshot
from pipeline_kit.patterns.strategies import PeakEwma
from pipeline_kit.patterns.timeout import Timeout

Price = Callable[[str], Awaitable[int]]
"""A function that asks for the price of an article."""


def asker(pool: ObjectPool[Connection]) -> Price:
    """Return a function that asks a server for a price, and gives up on it when it should."""

    async def ask(article: str) -> int:
        async with pool.acquire() as connection:
            return int(await connection.get(f"/price/{article}"))

    breaker = CircuitBreaker(
        sliding_window_size=10,
        minimum_number_of_calls=5,
        wait_duration_in_open_state=0.2,
        permitted_number_of_calls_in_half_open_state=2,
    )
    return wrap(ask, [breaker, Timeout(1)])


def balance(pools: dict[str, ObjectPool[Connection]]) -> LoadBalancer:
    """Return a function that lets the best of several servers tell a price."""
    return LoadBalancer(
        [Worker(asker(pool), name=name, concurrency=4) for name, pool in pools.items()],
        strategy=PeakEwma(decay_time=1),
        ejection=OutlierEjection(consecutive_failures=5, base_ejection_time=0.2),
    )


def shop(balancer: LoadBalancer, dead: DeadLetters) -> Pipeline:
    """Return the pipeline."""
    price_of = wrap(
        balancer,
        [
            Fallback(value=None, on=WorkersFailed),
            Cache(maxsize=1000, ttl=60, ttl_jitter=0.1),
            Retry(5, wait_initial=0.05, budget=RetryBudget(minimum=100)),
            RateLimit(500, burst=50),
        ],
    )
    spent: dict[str, int] = defaultdict(int)

    async def price(order: Order) -> Order:
        return replace(order, price=await price_of(order.article))

    def add_up(order: Order) -> Order:
        spent[order.customer] += order.quantity * (order.price or 0)
        return replace(order, spent=spent[order.customer])

    return Pipeline(
        Stage(filter_transform(is_order, parse), layers=[Metrics()], on_error=dead),
        Stage(
            price,
            workers=balancer.slots,
            channel=lambda: AutotunedBuffer(max_capacity=100),
            layers=[Metrics()],
        ),
        Stage(
            add_up,
            workers=3,
            buffer=10,
            route=partition_by(lambda order: order.customer),
            layers=[Metrics()],
        ),
        deadline=60,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to."""

    stored: int
    """Orders in the database."""
    filtered: int
    """Comments."""
    dead: DeadLetters
    """Lines that make no sense."""
    snapshot: RunSnapshot
    servers: tuple[WorkerStatistics, ...]
    turnover: dict[str, int]
    """What each customer has ordered altogether, in cents."""


async def run(
    files: Sequence[Path],
    database: Path,
    servers: Sequence[Server],
    on_progress: Callable[[int], Awaitable[None]],
) -> Report:
    """Take the orders in `files`, ask `servers` for prices, and store all in `database`.

    Calls `on_progress` after each batch with how many orders are stored.
    """
    dead, stored = DeadLetters(), 0
    async with AsyncExitStack() as stack:
        pools = {
            server.name: await stack.enter_async_context(server.connections()) for server in servers
        }
        balancer = balance(pools)
        async with shop(balancer, dead).run(lines_of(files)) as running:
            monitor = Monitor(running)
            async for batch in batched(running, size=20, timeout=0.1):
                await asyncio.to_thread(save, database, batch)
                stored += len(batch)
                await on_progress(stored)
            snapshot, filtered = monitor.snapshot(), running.metrics[0].filtered
    turnover = map_reduce(
        load(database),
        mapper=lambda order: [order],
        key=lambda order: order.customer,
        reducer=lambda total, order: total + order.quantity * (order.price or 0),
        initial=int,
    )
    return Report(
        stored,
        filtered,
        dead,
        snapshot,
        balancer.statistics(),
        {str(customer): total async for customer, total in turnover},
    )
