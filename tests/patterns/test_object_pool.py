import asyncio
from asyncio import CancelledError, create_task, gather, sleep
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import DeadlockError, Pipeline, Stage, virtual_time
from pipeline_kit.patterns.object_pool import ObjectPool, PoolClosed


def now() -> float:
    return asyncio.get_running_loop().time()


def numbers(**options: Any) -> ObjectPool[int]:
    """Return a pool of the numbers 0, 1, 2, … in the order in which they are made."""
    return ObjectPool(count().__next__, **{"max_size": 2, **options})


async def use(pool: ObjectPool[Any], seconds: float = 1.0) -> Any:
    async with pool.acquire() as thing:
        await sleep(seconds)
        return thing


async def test_objects_are_made_when_first_needed_and_used_again() -> None:
    async with numbers() as pool:
        assert [await use(pool), await use(pool)] == [0, 0]
        assert await gather(use(pool), use(pool)) == [0, 1]
        statistics = pool.statistics()
    assert (statistics.created, statistics.acquired, statistics.destroyed) == (2, 4, 0)
    assert (statistics.idle, statistics.in_use, statistics.waiting) == (2, 0, 0)


async def test_who_finds_none_free_waits_in_line() -> None:
    async with numbers() as pool:
        users = [create_task(use(pool, seconds)) for seconds in (3, 1, 1, 1)]
        await sleep(0.5)
        assert (pool.statistics().in_use, pool.statistics().waiting) == (2, 2)
        assert await gather(*users) == [0, 1, 1, 1]
    assert now() == 3


async def test_the_object_used_last_is_handed_out_first() -> None:
    async with numbers(max_size=3) as pool:
        await gather(use(pool, 3), use(pool, 1), use(pool, 2))
        assert await use(pool) == 0


async def test_an_object_is_reset_when_it_is_given_back() -> None:
    async def wash(thing: list[str]) -> None:
        await sleep(1)
        thing.clear()

    async with ObjectPool(list[str], max_size=1, reset=wash) as pool:
        async with pool.acquire() as thing:
            thing.append("dirt")
        async with pool.acquire() as same:
            assert same is thing
            assert same == []


def always_broken(thing: int) -> bool:
    raise ConnectionError


@pytest.mark.parametrize("check", [lambda thing: thing > 0, lambda thing: 1 / thing])
async def test_an_idle_object_that_is_not_healthy_is_replaced(check: Any) -> None:
    destroyed: list[int] = []
    async with numbers(check=check, destroy=destroyed.append) as pool:
        assert await use(pool) == 0
        assert await use(pool) == 1
        assert destroyed == [0]
        assert pool.statistics().destroyed == 1
    assert destroyed == [0, 1]


async def test_a_new_object_is_made_if_none_is_healthy() -> None:
    async with numbers(check=always_broken) as pool:
        await gather(use(pool), use(pool))
        assert await use(pool) == 2
        assert pool.statistics().destroyed == 2


async def test_an_object_that_cannot_be_reset_is_destroyed_and_the_error_told() -> None:
    def refuse(thing: int) -> None:
        raise ValueError("no")

    destroyed: list[int] = []
    async with numbers(reset=refuse, destroy=destroyed.append) as pool:
        with pytest.raises(ValueError, match="no"):
            await use(pool)
        assert destroyed == [0]
        assert (pool.statistics().in_use, pool.statistics().idle) == (0, 0)


async def test_an_error_in_the_block_gives_the_object_back() -> None:
    async with numbers(max_size=1) as pool:
        with pytest.raises(KeyError):
            async with pool.acquire():
                raise KeyError
        assert await use(pool) == 0


async def test_when_making_one_fails_the_next_may_try() -> None:
    attempts = count()

    async def create() -> str:
        await sleep(1)
        if next(attempts) == 0:
            raise ConnectionError("refused")
        return "made"

    async with ObjectPool[str](create, max_size=1) as pool:
        first, second = await gather(use(pool), use(pool), return_exceptions=True)
    assert repr(first) == "ConnectionError('refused')"
    assert second == "made"


async def test_a_cancelled_waiter_takes_nothing_and_a_cancelled_user_gives_back() -> None:
    async with numbers(max_size=1) as pool:
        user, waiter, other = (create_task(use(pool, 10)) for _ in range(3))
        await sleep(1)
        waiter.cancel()
        user.cancel()
        assert await other == 0
        assert now() == 11
        assert pool.statistics().in_use == 0


async def test_a_check_that_is_cancelled_destroys_what_it_checked() -> None:
    destroyed: list[int] = []
    async with numbers(check=lambda thing: sleep(9, True), destroy=destroyed.append) as pool:
        await use(pool)
        checking = create_task(use(pool))
        await sleep(5)
        checking.cancel()
        with pytest.raises(CancelledError):
            await checking
        assert destroyed == [0]
        assert pool.statistics().in_use == 0


async def test_closing_sends_those_who_wait_away_and_destroys_all_objects() -> None:
    destroyed: list[int] = []
    pool = numbers(max_size=3, destroy=destroyed.append)
    users = [create_task(use(pool, seconds)) for seconds in (1, 5, 5, 9, 9)]
    await sleep(2)  # 0 is used by the fourth now, and the fifth waits
    await pool.close()
    with pytest.raises(PoolClosed):
        await users[4]
    assert destroyed == []
    assert now() == 2
    await gather(*users[:4])
    assert sorted(destroyed) == [0, 1, 2]
    with pytest.raises(PoolClosed, match="this pool is closed: it hands out nothing more"):
        await use(pool)


async def test_an_object_that_is_made_while_the_pool_closes_is_destroyed() -> None:
    destroyed: list[str] = []
    pool = ObjectPool[str](lambda: sleep(5, "late"), max_size=1, destroy=destroyed.append)
    user = create_task(use(pool))
    await sleep(1)
    await pool.close()
    with pytest.raises(PoolClosed):
        await user
    assert destroyed == ["late"]


async def test_closing_goes_on_when_an_object_cannot_be_destroyed() -> None:
    def destroy(thing: int) -> None:
        tried.append(thing)
        raise ValueError(thing)

    tried: list[int] = []
    pool = numbers(destroy=destroy)
    await gather(use(pool), use(pool))
    with pytest.raises(ExceptionGroup) as failures:
        await pool.close()
    assert failures.group_contains(ValueError)
    assert sorted(tried) == [0, 1]


async def test_a_stage_with_many_workers_shares_few_objects() -> None:
    pool = numbers(max_size=2)

    async def query(item: int) -> int:
        return await use(pool, 1)

    async with pool:
        assert set(await Pipeline(Stage(query, workers=10)).collect(range(20))) == {0, 1}
    assert now() == 10


def test_a_deadlock_over_too_few_objects_is_reported() -> None:
    async def use_two() -> None:
        async with numbers(max_size=1) as pool, pool.acquire(), pool.acquire():
            pass

    with pytest.raises(DeadlockError, match=r"waits in Semaphore.acquire .* in use_two"):
        virtual_time.run(use_two)


def test_impossible_pools_are_refused() -> None:
    with pytest.raises(ValueError, match="max_size must be a whole number, 1 or more, got 0"):
        numbers(max_size=0)
    with pytest.raises(TypeError, match="check must be a function, got True"):
        numbers(check=True)
    with pytest.raises(TypeError, match="create must be a function, got 5"):
        ObjectPool(5, max_size=1)  # type: ignore[arg-type] # that is the point


class Census:
    """Counts the objects that exist, and what is done to them."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.used: set[int] = set()
        self.numbers = count()

    async def create(self) -> int:
        await sleep(0.25)
        number = next(self.numbers)
        self.alive.add(number)
        return number

    async def destroy(self, number: int) -> None:
        self.alive.remove(number)  # an error if it is destroyed twice


users = st.lists(
    st.tuples(
        st.integers(0, 6),  # comes at
        st.sampled_from([0, 0.5, 2]),  # stays for
        st.none() | st.sampled_from([0, 0.25, 0.5, 1, 3]),  # is cancelled after
        st.booleans(),  # fails
    ),
    max_size=12,
)


@given(users, st.integers(1, 3), st.integers(1, 4), st.none() | st.integers(0, 8))
def test_never_too_many_never_shared_never_leaked(
    plans: list[tuple[int, float, float | None, bool]],
    max_size: int,
    unhealthy: int,
    closed_at: int | None,
) -> None:
    """Law: at most `max_size` exist, each with one user; in the end all permits are back."""

    async def main() -> None:
        census = Census()

        async def check(number: int) -> bool:
            await sleep(0.25)
            return number % unhealthy != unhealthy - 1

        pool = ObjectPool[int](
            census.create, max_size=max_size, check=check, reset=reset, destroy=census.destroy
        )

        async def user(comes: int, stays: float, patience: float | None, fails: bool) -> None:
            await sleep(comes)
            async with asyncio.timeout(patience), pool.acquire() as number:
                assert number not in census.used
                census.used.add(number)
                try:
                    assert len(census.alive) <= max_size
                    await sleep(stays)
                    if fails:
                        raise ValueError
                finally:
                    census.used.remove(number)

        everyone = [create_task(user(*plan)) for plan in plans]
        if closed_at is not None:
            await sleep(closed_at)
            await pool.close()
        outcomes = await gather(*everyone, return_exceptions=True)
        allowed = (TimeoutError, ValueError, PoolClosed)
        assert all(outcome is None or isinstance(outcome, allowed) for outcome in outcomes)
        if closed_at is None:
            assert await gather(*(use(pool) for _ in range(max_size)))  # all permits are back
            await pool.close()
        statistics = pool.statistics()
        assert (statistics.in_use, statistics.idle, statistics.waiting) == (0, 0, 0)
        assert census.alive == set()
        assert statistics.created == statistics.destroyed

    async def reset(number: int) -> None:
        await sleep(0.25)

    virtual_time.run(main)
