import asyncio
import traceback
from asyncio import CancelledError, create_task, gather, sleep
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from contextlib import aclosing
from math import inf, nan
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.layer import wrap
from pipeline_kit.patterns.caching import Cache, CacheStatistics
from pipeline_kit.patterns.retry import Retry
from pipeline_kit.patterns.timeout import Timeout


def now() -> float:
    return asyncio.get_running_loop().time()


class Server:
    """Takes a second to answer an item with the number of calls for it so far, unless down."""

    def __init__(self, *, up: bool = True, takes: float = 1) -> None:
        self.up = up
        self.takes = takes
        self.calls: Counter[Any] = Counter()
        self.in_flight = self.peak = self.cancelled = 0

    async def __call__(self, item: Any) -> str:
        self.calls[item] += 1
        number = self.calls[item]
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await sleep(self.takes)
        except CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        if not self.up:
            raise ConnectionError(f"{item} {number}")
        return f"{item}{number}"


class SlowStore:
    """A store in memory, each method of which takes a while."""

    def __init__(self, takes: float = 0.25) -> None:
        self.takes = takes
        self.kept: dict[Hashable, tuple[Any, float]] = {}

    async def get(self, key: Hashable) -> tuple[Any, float] | None:
        kept = self.kept.get(key)
        await sleep(self.takes)
        return (kept[0], kept[1] - now()) if kept and kept[1] > now() else None

    async def set(self, key: Hashable, result: Any, ttl: float) -> None:
        await sleep(self.takes)
        self.kept[key] = result, now() + ttl

    async def delete(self, key: Hashable) -> None:
        await sleep(self.takes)
        self.kept.pop(key, None)

    async def keys(self) -> Iterable[Hashable]:
        await sleep(self.takes)
        return list(self.kept)


async def call_all(cache: Cache, server: Any, items: Iterable[Any]) -> list[Any]:
    return [await cache.call(server, item) for item in items]


async def test_a_result_is_computed_once_and_then_given_at_once() -> None:
    cache, server = Cache(), Server()
    assert await call_all(cache, server, "aaba") == ["a1", "a1", "b1", "a1"]
    assert now() == 2
    statistics = cache.statistics()
    assert statistics == CacheStatistics(
        hit_count=2,
        stale_count=0,
        miss_count=2,
        load_count=2,
        load_failure_count=0,
        store_hit_count=0,
        eviction_count=0,
        size=2,
    )
    assert statistics.hit_rate == 0.5
    assert Cache().statistics().hit_rate == 0


async def test_a_result_of_none_is_a_result_and_a_plain_function_will_do() -> None:
    cache, calls = Cache(), list[str]()
    assert await call_all(cache, calls.append, "aa") == [None, None]
    assert calls == ["a"]


async def test_a_result_is_fresh_until_its_time_to_live_is_over() -> None:
    cache, server = Cache(ttl=10), Server(takes=0)
    await cache.call(server, "a")
    await sleep(9.999)
    assert await cache.call(server, "a") == "a1"
    await sleep(0.001)
    assert await cache.call(server, "a") == "a2"


async def test_time_to_live_counts_from_when_the_result_is_there() -> None:
    cache, server = Cache(ttl=10), Server(takes=5)
    await cache.call(server, "a")
    await sleep(9.5)
    assert await cache.call(server, "a") == "a1"


async def test_jitter_lets_results_that_came_together_expire_apart() -> None:
    cache, server = Cache(ttl=10, ttl_jitter=0.5, seed=0), Server(takes=0)
    for key in range(200):
        await cache.call(server, key)
    for _ in range(100):
        await sleep(0.1)
        for key in range(200):
            if server.calls[key] == 1:
                await cache.call(server, key)
                if server.calls[key] == 2:
                    server.calls[f"at {int(now())}"] += 1
    assert sorted(time for time in server.calls if isinstance(time, str)) == [
        "at 10", "at 5", "at 6", "at 7", "at 8", "at 9",
    ]  # fmt: skip
    assert all(25 < server.calls[f"at {time}"] < 60 for time in range(5, 10))


async def test_the_least_recently_used_makes_room() -> None:
    cache, server = Cache(maxsize=2), Server()
    assert await call_all(cache, server, "abacab") == ["a1", "b1", "a1", "c1", "a1", "b2"]
    assert cache.statistics().eviction_count == 2
    assert cache.statistics().size == 2


async def test_a_key_says_which_items_are_the_same() -> None:
    cache = Cache(key=lambda item: item["id"])
    assert await cache.call(len, {"id": 1, "more": 2}) == 2
    assert await cache.call(len, {"id": 1}) == 2


async def test_an_item_without_key_is_refused_before_the_call() -> None:
    server = Server()
    with pytest.raises(TypeError, match=r"a key must be hashable, got \['a'\]; pass key="):
        await Cache().call(server, ["a"])
    assert not server.calls


async def test_defect_13_all_workers_that_miss_the_same_wait_for_one_call() -> None:
    """In the listing each of them computes it: a hundred calls of one (a stampede)."""
    server, cache = Server(), Cache()
    stage = Stage(server, workers=100, layers=[cache])
    assert await Pipeline(stage).collect(["a"] * 100) == ["a1"] * 100
    assert server.calls == {"a": 1}
    statistics = cache.statistics()
    assert (statistics.miss_count, statistics.load_count) == (100, 1)
    assert now() == 1


async def test_defect_13_when_a_popular_result_expires_there_is_one_call() -> None:
    server, cache = Server(), Cache(ttl=10)
    for _ in range(3):
        await gather(*(cache.call(server, "a") for _ in range(100)))
        await sleep(10)
    assert server.calls == {"a": 3}


async def test_a_failure_is_not_kept() -> None:
    cache, server = Cache(), Server(up=False)
    for number in (1, 2):
        with pytest.raises(ConnectionError, match=f"a {number}"):
            await cache.call(server, "a")
    server.up = True
    assert await cache.call(server, "a") == "a3"
    assert cache.statistics().load_failure_count == 2


async def test_a_failure_is_kept_for_as_long_as_asked_with_the_traceback_it_came_with() -> None:
    cache, server = Cache(negative_ttl=10), Server(up=False, takes=0)
    lengths = set()
    for _ in range(50):
        with pytest.raises(ConnectionError, match="a 1") as caught:
            await cache.call(server, "a")
        lengths.add(len(traceback.extract_tb(caught.tb)))
    assert server.calls == {"a": 1}
    assert max(lengths) < 10
    await sleep(10)
    with pytest.raises(ConnectionError, match="a 2"):
        await cache.call(server, "a")


async def test_a_cancelled_call_is_not_kept_as_a_failure() -> None:
    cache, server = Cache(negative_ttl=100), Server()
    task = create_task(cache.call(server, "a"))
    await sleep(0.5)
    task.cancel()
    with pytest.raises(CancelledError):
        await task
    assert server.cancelled == 1
    assert await cache.call(server, "a") == "a2"
    assert cache.statistics().load_failure_count == 0


async def test_one_who_stops_waiting_does_not_cancel_the_call_for_the_others() -> None:
    server, cache = Server(takes=3), Cache()
    patient = create_task(cache.call(server, "a"))
    await sleep(0.5)
    with pytest.raises(TimeoutError):
        await Timeout(1).call(lambda item: cache.call(server, item), "a")
    assert await patient == "a1"
    assert (now(), server.cancelled) == (3, 0)


async def test_the_call_is_cancelled_when_nobody_waits_any_more() -> None:
    server, cache = Server(takes=3600), Cache()
    tasks = [create_task(cache.call(server, "a")) for _ in range(3)]
    for task in tasks:
        await sleep(1)
        assert server.cancelled == 0
        task.cancel()
    await gather(*tasks, return_exceptions=True)
    assert (now(), server.cancelled) == (3, 1)
    assert len(asyncio.all_tasks()) == 1


async def test_a_stale_result_is_given_at_once_while_a_new_one_is_fetched() -> None:
    cache, server = Cache(ttl=10, stale_while_revalidate=5), Server()
    await cache.call(server, "a")
    await sleep(12)
    assert await call_all(cache, server, "aaa") == ["a1"] * 3
    assert now() == 13
    await sleep(1.5)
    assert await cache.call(server, "a") == "a2"
    statistics = cache.statistics()
    assert (statistics.hit_count, statistics.stale_count, statistics.miss_count) == (4, 3, 1)
    assert server.calls == {"a": 2}


async def test_a_result_that_is_too_stale_is_not_given() -> None:
    cache, server = Cache(ttl=10, stale_while_revalidate=5), Server(takes=0)
    await cache.call(server, "a")
    await sleep(15)
    assert await cache.call(server, "a") == "a2"


async def test_while_the_server_is_down_stale_results_are_given_and_failures_counted() -> None:
    cache, server = Cache(ttl=10, stale_while_revalidate=60), Server(takes=0)
    await cache.call(server, "a")
    server.up = False
    for _ in range(4):
        await sleep(11)
        assert await cache.call(server, "a") == "a1"
    await sleep(0)
    await sleep(0)
    assert cache.statistics().load_failure_count == 4


async def test_no_more_results_are_fetched_in_the_background_than_allowed() -> None:
    cache, server = Cache(ttl=10, stale_while_revalidate=60, max_refreshes=3), Server()
    await cache.warm(server, range(20), workers=20)
    await sleep(11)
    server.peak = 0
    await call_all(cache, server, range(20))
    await sleep(5)
    assert server.peak == 3
    assert sum(server.calls.values()) == 20 + 3


async def test_closing_ends_what_is_fetched_in_the_background() -> None:
    server = Server(takes=0)
    async with aclosing(Cache(ttl=10, stale_while_revalidate=60)) as cache:
        await cache.call(server, "a")
        await sleep(11)
        server.takes = 3600
        assert await cache.call(server, "a") == "a1"
        await sleep(1)
    assert (now(), server.cancelled) == (12, 1)
    assert len(asyncio.all_tasks()) == 1


async def test_closing_does_not_end_a_refresh_that_a_call_has_come_to_wait_for() -> None:
    cache, server = Cache(ttl=10, stale_while_revalidate=1), Server(takes=5)
    await call_all(cache, server, "a")  # fresh until 15, stale until 16
    await sleep(10.5)
    assert await cache.call(server, "a") == "a1"  # begins a refresh, until 20.5
    await sleep(1)
    waiting = create_task(cache.call(server, "a"))
    await sleep(1)
    await cache.aclose()
    assert now() == 17.5
    assert await waiting == "a2"
    assert (now(), server.cancelled) == (20.5, 0)


async def test_what_is_invalidated_is_computed_anew() -> None:
    cache, server = Cache(), Server()
    await call_all(cache, server, "ab")
    await cache.invalidate("a")
    await cache.invalidate("never there")
    assert await call_all(cache, server, "ab") == ["a2", "b1"]


async def test_a_predicate_invalidates_all_keys_of_which_it_is_true() -> None:
    cache, server = Cache(), Server()
    await call_all(cache, server, range(6))
    await cache.invalidate_where(lambda key: key % 2 == 1)
    await call_all(cache, server, range(6))
    assert server.calls == {0: 1, 1: 2, 2: 1, 3: 2, 4: 1, 5: 2}


@pytest.mark.parametrize("how", ["key", "predicate"])
async def test_what_is_invalidated_while_it_is_computed_does_not_come_back(how: str) -> None:
    cache, server = Cache(), Server()
    early = create_task(cache.call(server, "a"))
    await sleep(0.5)
    if how == "key":
        await cache.invalidate("a")
    else:
        await cache.invalidate_where(lambda key: key == "a")
    late = create_task(cache.call(server, "a"))
    assert await early == "a1"  # asked before, so this answer is right
    assert await late == "a2"  # asked after, so it must not be the old one
    assert await cache.call(server, "a") == "a2"


async def test_a_failure_that_was_invalidated_meanwhile_does_not_come_back() -> None:
    cache, server = Cache(negative_ttl=100), Server(up=False)
    early = create_task(cache.call(server, "a"))
    await sleep(0.5)
    await cache.invalidate("a")
    with pytest.raises(ConnectionError):
        await early
    server.up = True
    assert await cache.call(server, "a") == "a2"


async def test_warming_computes_what_is_missing_a_few_at_a_time() -> None:
    cache, server = Cache(), Server()
    await cache.call(server, 3)
    assert await cache.warm(server, range(20), workers=5) == 0
    assert (now(), server.peak) == (5, 5)  # nineteen calls, five at a time
    assert set(server.calls.values()) == {1}
    assert (await cache.call(server, 7), now()) == ("71", 5)
    statistics = cache.statistics()
    assert (statistics.hit_count, statistics.miss_count) == (1, 1)


async def test_warming_goes_on_when_what_a_call_waited_for_was_cancelled() -> None:
    calls = []

    async def first_is_shut_down(item: int) -> int:
        calls.append(item)
        if item == 0:
            raise CancelledError
        return item

    cache = Cache()
    assert await cache.warm(first_is_shut_down, range(5), workers=1) == 1
    assert calls == [0, 1, 2, 3, 4]


async def test_warming_computes_what_has_expired_or_is_stale() -> None:
    cache, server = Cache(ttl=10, stale_while_revalidate=100), Server(takes=0)
    await cache.warm(server, "ab")
    await sleep(5)
    await cache.warm(server, "bc")
    await sleep(5)
    await cache.warm(server, "abc")
    assert server.calls == {"a": 2, "b": 2, "c": 1}


async def test_warming_goes_on_after_failures_and_counts_them() -> None:
    async def picky(item: int) -> int:
        return 1 // (item % 3)

    cache = Cache()
    assert await cache.warm(picky, range(9), workers=2) == 3
    assert cache.statistics().size == 6


async def test_a_cancelled_warming_leaves_nothing_behind() -> None:
    cache, server = Cache(), Server()
    task = create_task(cache.warm(server, range(100), workers=10))
    await sleep(2.5)
    task.cancel()
    with pytest.raises(CancelledError):
        await task
    assert (server.in_flight, server.cancelled) == (0, 10)
    assert len(asyncio.all_tasks()) == 1


async def test_a_store_gives_results_to_the_next_run() -> None:
    store, server = SlowStore(takes=0), Server()
    await call_all(Cache(store=store), server, "ab")
    cache = Cache(store=store)
    assert await call_all(cache, server, "ac") == ["a1", "c1"]
    statistics = cache.statistics()
    assert (statistics.store_hit_count, statistics.load_count) == (1, 1)


async def test_a_result_from_the_store_is_not_fresh_for_longer_than_it_was() -> None:
    store, server = SlowStore(takes=0), Server(takes=0)
    await Cache(ttl=10, store=store).call(server, "a")
    await sleep(6)
    cache = Cache(ttl=10, store=store)
    assert await cache.call(server, "a") == "a1"
    await sleep(4)
    assert await cache.call(server, "a") == "a2"


async def test_an_evicted_result_is_found_in_the_store() -> None:
    store, server = SlowStore(), Server()
    cache = Cache(maxsize=1, store=store)
    assert await call_all(cache, server, "aba") == ["a1", "b1", "a1"]


async def test_the_store_forgets_what_is_invalidated() -> None:
    store, server = SlowStore(), Server()
    await call_all(Cache(store=store), server, range(4))
    cache = Cache(store=store)
    await cache.invalidate(0)
    await cache.invalidate_where(lambda key: key == 1)
    assert set(store.kept) == {2, 3}


@pytest.mark.parametrize("at", [0.1, 0.5, 1.1, 1.3, 1.49])
async def test_what_is_invalidated_meanwhile_does_not_come_back_from_the_store(at: float) -> None:
    """Whether that is while the store is read, while the call goes on, or while it is written."""
    store, server = SlowStore(), Server()
    cache = Cache(store=store)
    early = create_task(cache.call(server, "a"))  # reads to 0.25, computes to 1.25, writes to 1.5
    await sleep(at)
    store.takes = 0.01  # so that the invalidation ends before the writing does
    await cache.invalidate("a")
    await early
    assert store.kept == {}
    assert await cache.call(server, "a") == "a2"


async def test_what_was_invalidated_while_it_was_computed_is_not_even_written() -> None:
    class NotedStore(SlowStore):
        writes = 0

        async def set(self, key: Hashable, result: Any, ttl: float) -> None:
            self.writes += 1

    store = NotedStore(takes=0)
    cache = Cache(store=store)
    early = create_task(cache.call(Server(), "a"))
    await sleep(0.5)
    await cache.invalidate("a")
    await early
    assert store.writes == 0


async def test_what_a_call_finds_in_the_store_during_an_invalidation_is_not_kept() -> None:
    store, server = SlowStore(), Server()
    await Cache(store=store).call(server, "a")
    cache = Cache(store=store)
    invalidation = create_task(cache.invalidate("a"))
    await sleep(0.1)
    store.takes = 0.05
    assert await cache.call(server, "a") == "a1"  # begun before the invalidation had ended
    await invalidation
    assert await cache.call(server, "a") == "a2"


async def test_an_error_of_the_store_fails_the_call() -> None:
    class FullStore(SlowStore):
        async def set(self, key: Hashable, result: Any, ttl: float) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await Cache(store=FullStore()).call(Server(), "a")


async def test_inside_or_outside_of_a_retry_it_keeps_the_good_result() -> None:
    def flaky_server() -> Server:
        server = Server(up=False)
        asyncio.get_running_loop().call_at(now() + 1.5, setattr, server, "up", True)
        return server

    for layers in ([Cache(), Retry(5)], [Retry(5), Cache()]):
        server = flaky_server()
        call = wrap(server, layers)
        assert await gather(call("a"), call("a")) == ["a2", "a2"]
        assert await call("a") == "a2"


async def test_on_another_event_loop_it_is_empty() -> None:
    cache, server = Cache(), Server()
    await cache.call(server, "a")

    async def main() -> list[Any]:
        return await gather(cache.call(server, "a"), cache.call(server, "a"))

    assert await asyncio.to_thread(virtual_time.run, main) == ["a2", "a2"]


CALLS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 3, 6, 15]),  # tenths of a second until this happens
        st.sampled_from(["call", "call", "call", "call", "invalidate", "invalidate where"]),
        st.integers(0, 2),  # the key
        st.none() | st.integers(0, 25),  # tenths of a second after which it is cancelled
    ),
    max_size=40,
)


@given(
    CALLS,
    st.sampled_from([2, inf]),
    st.sampled_from([0, 3]),
    st.sampled_from([0, 4]),
    st.sampled_from([0, 0.3, 1]),
    st.sampled_from([None, 0, 0.2, 0.7]),
)
@example(
    [(0, "call", 0, None), (13, "invalidate", 0, None), (2, "call", 0, None)], inf, 0, 0, 0, 0.7
)
def test_no_call_gets_a_result_that_is_too_old_or_was_invalidated_before_it(
    steps: list[tuple[int, str, int, int | None]],
    ttl: float,
    stale: float,
    negative: float,
    jitter: float,
    store_takes: float | None,
) -> None:
    """Each result is that of its own key, begun after the last invalidation that had ended before
    the call, and no older than `ttl` + stale; at most one load a key can be joined; none is left.
    """

    async def main() -> None:
        store = None if store_takes is None else SlowStore(store_takes)
        cache = Cache(
            2, ttl=ttl, ttl_jitter=jitter, stale_while_revalidate=stale,
            negative_ttl=negative, store=store, seed=0,
        )  # fmt: skip
        invalidated: dict[int, float] = defaultdict(lambda: -1)
        begun = ended = calls = 0

        async def load(key: int) -> tuple[int, float, float]:
            nonlocal begun, ended
            begun += 1
            start = now()
            try:
                await sleep(1)
            finally:
                ended += 1
            if begun % 5 == 4:
                raise ConnectionError
            return key, start, now()

        async def one(what: str, key: int) -> None:
            nonlocal calls
            if what == "call":
                calls += 1
                asked, after = now(), invalidated[key]
                try:
                    of_key, start, end = await cache.call(load, key)
                except ConnectionError:
                    return
                assert of_key == key
                assert start >= after
                assert end >= asked or asked - end < ttl + stale + 2 * (store_takes or 0)
                return
            if what == "invalidate":
                await cache.invalidate(key)
                invalidated[key] = now()
            else:
                await cache.invalidate_where(lambda other: other >= key)
                for other in range(key, 3):
                    invalidated[other] = now()

        tasks = []
        for wait, what, key, cancel_after in steps:
            await sleep(wait / 10)
            tasks.append(create_task(one(what, key)))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after / 10 + 0.05, tasks[-1].cancel)
        for outcome in await gather(*tasks, return_exceptions=True):
            assert outcome is None or isinstance(outcome, CancelledError)
        statistics = cache.statistics()
        assert statistics.hit_count + statistics.miss_count == calls
        assert statistics.load_count == begun
        assert statistics.size <= 2
        await cache.aclose()
        assert begun == ended
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main)


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 3), st.none() | st.integers(0, 12)), max_size=30
    )
)
def test_without_expiry_each_key_is_loaded_once_whoever_is_cancelled(
    calls: list[tuple[int, int, int | None]],
) -> None:
    """Of each key at most one load goes on and one succeeds; all who wait get its result."""

    async def main() -> None:
        cache, server = Cache(), Server()
        aloft: Counter[int] = Counter()

        async def load(key: int) -> str:
            aloft[key] += 1
            assert aloft[key] == 1
            try:
                return await server(key)
            finally:
                aloft[key] -= 1

        tasks = []
        for wait, key, cancel_after in calls:
            await sleep(wait / 10)
            tasks.append(create_task(cache.call(load, key)))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after / 10 + 0.05, tasks[-1].cancel)
        outcomes = await gather(*tasks, return_exceptions=True)
        for (_, key, cancel_after), outcome in zip(calls, outcomes, strict=True):
            if cancel_after is None or not isinstance(outcome, CancelledError):
                assert str(outcome).startswith(str(key))
        succeeded: dict[str, set[str]] = defaultdict(set)
        for outcome in outcomes:
            if isinstance(outcome, str):
                succeeded[outcome[0]].add(outcome)
        assert all(len(results) == 1 for results in succeeded.values())
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main)


@pytest.mark.parametrize("name", ["maxsize", "max_refreshes"])
@pytest.mark.parametrize("number", [0, -1, 1.5, None])
def test_impossible_numbers_are_refused(name: str, number: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number, 1 or more, got"):
        Cache(**{name: number})


@pytest.mark.parametrize("name", ["stale_while_revalidate", "negative_ttl"])
@pytest.mark.parametrize("seconds", [-1, nan])
def test_impossible_times_are_refused(name: str, seconds: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be 0 seconds or more, got"):
        Cache(**{name: seconds})


async def test_other_mistakes_are_refused() -> None:
    for ttl in (0, -1, nan):
        with pytest.raises(
            ValueError, match=r"ttl must be above 0 seconds, got .*; to cache nothing, leave"
        ):
            Cache(ttl=ttl)
    for jitter in (-0.1, 1.1, nan):
        with pytest.raises(ValueError, match="ttl_jitter must be a share from 0 to 1, got"):
            Cache(ttl_jitter=jitter)
    with pytest.raises(TypeError, match="key must be callable with one item, got 'id'"):
        Cache(key="id")  # type: ignore[arg-type] # the mistake
    with pytest.raises(ValueError, match="workers must be a whole number, 1 or more, got 0"):
        await Cache().warm(len, "abc", workers=0)
