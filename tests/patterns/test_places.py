import asyncio
from asyncio import create_task, gather, sleep

from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import virtual_time
from pipeline_kit.patterns.places import Places


class House:
    """Places that may change in number, and the order in which their takers came in."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.places = Places(lambda: self.limit)
        self.inside: set[int] = set()
        self.came_in: list[int] = []

    async def stay(self, name: int, seconds: float = 1) -> None:
        if self.places.line or self.places.taken >= self.limit:
            await self.places.wait()
        else:
            self.places.taken += 1
        try:
            self.inside.add(name)
            self.came_in.append(name)
            assert len(self.inside) <= self.places.taken
            await sleep(seconds)
        finally:
            self.inside.discard(name)
            self.places.give_back()


async def test_who_finds_no_place_waits_and_nobody_is_overtaken() -> None:
    house = House(2)
    stays = [create_task(house.stay(name)) for name in range(5)]
    await sleep(0.5)
    assert (house.places.taken, len(house.places.line), house.inside) == (2, 3, {0, 1})
    await gather(*stays)
    assert house.came_in == [0, 1, 2, 3, 4]
    assert asyncio.get_running_loop().time() == 3


async def test_a_limit_that_has_grown_lets_more_in_and_one_that_has_shrunk_fewer() -> None:
    house = House(1)
    stays = [create_task(house.stay(name)) for name in range(6)]
    await sleep(0.5)
    house.limit = 3
    house.places.hand_out()
    await sleep(0)
    assert house.inside == {0, 1, 2}
    house.limit = 1
    await sleep(0.75)
    assert (house.inside, house.places.taken) == ({1, 2}, 2)
    await sleep(0.5)
    assert (house.inside, house.places.taken) == ({3}, 1)
    await gather(*stays)


async def test_who_is_cancelled_while_waiting_leaves_the_line_at_once() -> None:
    house = House(1)
    stays = [create_task(house.stay(name)) for name in range(3)]
    await sleep(0.5)
    stays[1].cancel()
    await sleep(0)
    assert len(house.places.line) == 1
    await gather(*stays, return_exceptions=True)
    assert house.came_in == [0, 2]


async def test_a_place_that_was_just_handed_to_someone_who_is_cancelled_goes_to_the_next() -> None:
    house = House(1)
    stays = [create_task(house.stay(name)) for name in range(3)]
    await sleep(0.5)
    house.limit = 2
    house.places.hand_out()  # to one …
    stays[1].cancel()  # … that is cancelled before it hears of it
    await sleep(0.1)
    assert (house.inside, house.places.taken, len(house.places.line)) == ({0, 2}, 2, 0)
    await gather(*stays, return_exceptions=True)
    assert house.places.taken == 0


@given(
    st.integers(1, 4),
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 20), st.none() | st.integers(0, 20)),
        max_size=25,
    ),
)
def test_no_place_is_lost_or_taken_twice_whoever_is_cancelled(
    limit: int, visits: list[tuple[int, int, int | None]]
) -> None:
    """Law: never more inside than the limit, in their order, and in the end all places are free.

    A visit is how many tenths of a second it comes after the one before, how long it stays, and
    after how long it is cancelled, if at all.
    """

    async def main() -> None:
        house, stays = House(limit), list[asyncio.Task[None]]()
        for name, (wait, stay, cancel_after) in enumerate(visits):
            await sleep(wait / 10)
            stays.append(create_task(house.stay(name, stay / 10)))
            if cancel_after is not None:
                asyncio.get_running_loop().call_later(cancel_after / 10, stays[-1].cancel)
            assert len(house.inside) <= limit
        await gather(*stays, return_exceptions=True)
        assert house.came_in == sorted(house.came_in)
        missing = set(range(len(visits))) - set(house.came_in)
        assert all(visits[name][2] is not None for name in missing)
        assert (house.places.taken, len(house.places.line)) == (0, 0)

    virtual_time.run(main)
