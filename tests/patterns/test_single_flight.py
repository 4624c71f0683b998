import asyncio
import sys
from asyncio import CancelledError, create_task, gather, sleep
from collections import Counter
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_kit import virtual_time
from pipeline_kit.patterns.single_flight import SingleFlight


def now() -> float:
    return asyncio.get_running_loop().time()


class Slow:
    """A load that takes a second, and knows how many of it have begun, ended and been cancelled."""

    def __init__(self, *, cleanup: float = 0) -> None:
        self.cleanup = cleanup
        self.begun = self.ended = self.cancelled = 0

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        try:
            await sleep(1)
        except CancelledError:
            self.cancelled += 1
            await sleep(self.cleanup)
            raise
        finally:
            self.ended += 1
        return number


async def test_all_who_ask_at_the_same_time_get_the_result_of_one_flight() -> None:
    flights, slow = SingleFlight(), Slow()
    assert await gather(*(flights.join("k", slow) for _ in range(100))) == [1] * 100
    assert now() == 1
    assert len(flights) == 0


async def test_one_who_comes_later_waits_for_the_rest_of_it() -> None:
    flights, slow = SingleFlight(), Slow()
    first = create_task(flights.join("k", slow))
    await sleep(0.9)
    assert await flights.join("k", slow) == 1
    assert now() == 1
    await first
    assert await flights.join("k", slow) == 2


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks before")
async def test_a_flight_may_be_an_eager_task_and_over_before_anyone_waits() -> None:
    flights = SingleFlight()

    async def is_current() -> bool:
        return flights.is_current("k")

    factory = getattr(asyncio, "eager_task_factory", None)  # by name, for type checks on 3.11
    asyncio.get_running_loop().set_task_factory(factory)
    assert await flights.join("k", is_current)
    assert len(flights) == 0


async def test_keys_do_not_wait_for_each_other() -> None:
    flights, slow = SingleFlight(), Slow()
    assert await gather(flights.join("a", slow), flights.join("b", slow)) == [1, 2]
    assert now() == 1


async def test_its_error_reaches_all_who_wait_and_nobody_after_them() -> None:
    async def fail() -> None:
        await sleep(1)
        raise OSError

    flights = SingleFlight()
    outcomes = await gather(*(flights.join("k", fail) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [OSError] * 3
    assert await flights.join("k", Slow()) == 1


async def test_one_who_is_cancelled_does_not_take_the_others_with_it() -> None:
    flights, slow = SingleFlight(), Slow()
    first, second, third = [create_task(flights.join("k", slow)) for _ in range(3)]
    await sleep(0.5)
    first.cancel()
    second.cancel()
    assert await third == 1
    assert now() == 1
    assert (slow.begun, slow.cancelled) == (1, 0)


async def test_when_all_are_cancelled_so_is_the_flight_and_the_last_waits_for_its_end() -> None:
    flights, slow = SingleFlight(), Slow(cleanup=5)
    first, second = [create_task(flights.join("k", slow)) for _ in range(2)]
    await sleep(0.25)
    first.cancel()
    await sleep(0.25)
    assert first.cancelled()
    second.cancel()
    with pytest.raises(CancelledError):
        await second
    assert now() == 5.5
    assert (slow.begun, slow.ended) == (1, 1)
    assert len(asyncio.all_tasks()) == 1


async def test_who_comes_during_the_clean_up_of_a_cancelled_flight_gets_another_one() -> None:
    flights, slow = SingleFlight(), Slow(cleanup=5)
    first = create_task(flights.join("k", slow))
    await sleep(0.5)
    first.cancel()
    await sleep(0.5)
    assert await flights.join("k", slow) == 2
    assert now() == 2


async def test_another_cancellation_cuts_the_clean_up_short_as_it_would_without_flights() -> None:
    flights, slow = SingleFlight(), Slow(cleanup=3600)
    task = create_task(flights.join("k", slow))
    for _ in range(2):
        await sleep(0.5)
        task.cancel()
    with pytest.raises(CancelledError):
        await task
    assert now() == 1
    assert slow.ended == 1


async def test_a_flight_that_cancels_itself_cancels_those_who_wait() -> None:
    async def cancel_itself() -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        await SingleFlight().join("k", cancel_itself)


async def test_a_base_exception_reaches_those_who_wait() -> None:
    class Interrupt(BaseException):
        pass

    async def interrupt() -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        await SingleFlight().join("k", interrupt)


async def test_a_timeout_of_a_passenger_is_that_passengers_alone() -> None:
    flights, slow = SingleFlight(), Slow()
    patient = create_task(flights.join("k", slow))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await flights.join("k", slow)
    assert await patient == 1


async def test_a_forgotten_flight_still_brings_its_result_to_those_who_wait() -> None:
    flights, slow = SingleFlight(), Slow()
    early = create_task(flights.join("k", slow))
    await sleep(0.5)
    flights.forget("k")
    late = create_task(flights.join("k", slow))
    assert await gather(early, late) == [1, 2]
    assert now() == 1.5


async def test_a_flight_knows_whether_it_is_still_the_one_to_join() -> None:
    flights, seen = SingleFlight(), list[bool]()

    async def look() -> None:
        seen.append(flights.is_current("k"))
        await sleep(1)
        seen.append(flights.is_current("k"))

    early = create_task(flights.join("k", look))
    await sleep(0.5)
    flights.forget("k")
    await gather(early, flights.join("k", look))
    assert seen == [True, True, False, True]
    assert not flights.is_current("k")


async def test_a_flight_started_in_the_background_can_be_joined() -> None:
    flights, slow = SingleFlight(), Slow()
    flights.start("k", slow)
    assert "k" in flights
    assert list(flights) == ["k"]
    assert await flights.join("k", slow) == 1


async def test_a_flight_that_fails_with_nobody_waiting_is_no_unretrieved_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise OSError

    flights = SingleFlight()
    task = flights.start("k", fail)
    await sleep(1)
    del task
    assert caplog.text == ""
    assert "k" not in flights


async def test_closing_ends_what_nobody_waits_for_and_stands_in_nobodys_way() -> None:
    flights, slow = SingleFlight(), Slow(cleanup=0.1)
    for key in "abc":
        flights.start(key, slow)
    joined = create_task(flights.join("a", slow))
    flights.forget("b")
    await sleep(0.5)
    assert flights.in_background == 3
    closing = create_task(flights.aclose())
    await sleep(0)
    another = create_task(flights.join("c", slow))
    await closing
    assert (flights.in_background, list(flights)) == (1, ["a", "c"])
    assert (await joined, await another) == (1, 4)
    assert flights.in_background == 0
    await flights.aclose()


PASSENGERS = st.lists(
    st.tuples(
        st.integers(0, 8),  # tenths of a second until this one comes
        st.sampled_from("ab"),
        st.none() | st.integers(0, 15),  # tenths of a second after which it is cancelled
        st.booleans(),  # whether the key is forgotten just before
    ),
    max_size=25,
)


@given(PASSENGERS, st.sampled_from([0, 3, 12]), st.booleans())
@example([(0, "a", None, False), (0, "a", None, True)], 0, False)  # forgotten before it began
def test_flights_are_single_and_end_with_the_last_who_waits(
    passengers: list[tuple[int, str, int | None, bool]], cleanup: int, fails: bool
) -> None:
    """At most one flight can be joined for a key; nobody is cancelled but by its own; none is left.

    A flight goes on while someone waits for it, and is cancelled when nobody does.
    """

    async def main() -> None:
        flights, aloft, done = SingleFlight(), Counter[str](), Counter[str]()
        joinable: dict[str, asyncio.Task[object] | None] = {}

        async def load(key: str) -> str:
            me = asyncio.current_task()
            if flights.is_current(key):  # else it was forgotten before it began
                assert key not in joinable
                joinable[key] = me
            aloft[key] += 1
            try:
                await sleep(1)
                if fails:
                    raise OSError
                return key
            except CancelledError:
                if joinable.get(key) is me:
                    del joinable[key]
                await sleep(cleanup / 10)
                raise
            finally:
                if joinable.get(key) is me:
                    del joinable[key]
                done[key] += 1

        async def one(key: str) -> str:
            result: str = await flights.join(key, partial(load, key))
            return result

        tasks: list[tuple[str, float | None, asyncio.Task[str]]] = []
        for wait, key, cancel_after, forget in passengers:
            await sleep(wait / 10)
            if forget:
                flights.forget(key)
                joinable.pop(key, None)
            task = create_task(one(key))
            cancel_at = None
            if cancel_after is not None:
                cancel_at = cancel_after / 10 + 0.05
                asyncio.get_running_loop().call_later(cancel_at, task.cancel)
            tasks.append((key, cancel_at, task))
        await gather(*(task for *_, task in tasks), return_exceptions=True)
        for key, cancel_at, task in tasks:
            if cancel_at is None or cancel_at > 1:
                assert not task.cancelled()
                assert type(task.exception()) is OSError if fails else task.result() == key
        assert aloft == done
        assert len(flights) == 0
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main)


async def test_a_flight_that_is_cancelled_before_it_begins_stands_in_nobodys_way() -> None:
    flights, slow = SingleFlight(), Slow()
    task = flights.start("k", slow)
    waiting = create_task(flights.join("k", slow))
    task.cancel()
    with pytest.raises(CancelledError):
        await waiting
    assert await flights.join("k", slow) == 1
