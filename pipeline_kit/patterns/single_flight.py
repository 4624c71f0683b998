"""Single flight: however many ask for the same thing at the same time, it is fetched once.

A cache alone does not do that. While the first caller is still computing, the second finds nothing
in the cache either, and computes the same again; with a hundred workers, whatever is popular is
computed a hundred times whenever it expires (a cache stampede). Here they wait for the first:

    caller 1 ──▶ flight for "k" ═════════▶ result ──▶ callers 1, 2 and 3
    caller 2 ──────────┘ │
    caller 3 ────────────┘

    flights = SingleFlight()
    result = await flights.join("k", lambda: fetch("k"))

The flight is a task of its own and belongs to all who wait for it. If one of them is cancelled, the
others still get the result; if all are, the flight is cancelled, and the last one waits until it
has ended. The name is that of Go's `golang.org/x/sync/singleflight`.

Not for calls that must each have an effect, such as writing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

Load = Callable[[], Coroutine[Any, Any, Any]]
"""Gets what is asked for: an async function without arguments."""


class SingleFlight:
    """Flights by key: at most one for each that can be joined."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}  # those that can be joined
        self._background: set[_Flight] = set()  # those begun by `start`, joined or not

    async def join(self, key: Hashable, load: Load) -> Any:
        """Wait for the flight for `key`, starting one with `load` if there is none.

        Returns what it brings, or raises what it fails with, the same to all who wait.
        """
        flight = self._flights.get(key) or self._take_off(key, load)
        landed = asyncio.get_running_loop().create_future()
        flight.passengers.append(landed)
        try:
            await landed
        except asyncio.CancelledError:
            if flight.passengers == [landed]:
                self._forget(flight)  # whoever comes now starts another one
                await _end(flight.task)
            raise
        finally:
            flight.passengers.remove(landed)
        return flight.task.result()

    def start(self, key: Hashable, load: Load) -> "asyncio.Task[Any]":
        """Start a flight for `key`, with nobody waiting for it yet; return its task.

        A flight for `key` that there is goes on, but can be joined no more.
        """
        flight = self._take_off(key, load)
        self._background.add(flight)
        flight.task.add_done_callback(lambda task: self._background.discard(flight))
        return flight.task

    @property
    def in_background(self) -> int:
        """How many of those begun by `start` go on, whether or not somebody waits for them now."""
        return len(self._background)

    async def aclose(self) -> None:
        """End those begun by `start` for which nobody waits, and wait until they have ended."""
        unattended = [flight for flight in self._background if not flight.passengers]
        for flight in unattended:
            self._forget(flight)  # whoever comes now starts another one
            flight.task.cancel()
        if unattended:
            await asyncio.wait([flight.task for flight in unattended])

    def forget(self, key: Hashable) -> None:
        """Let nobody else join the flight for `key`; those who wait still get its result."""
        self._flights.pop(key, None)

    def is_current(self, key: Hashable) -> bool:
        """Tell, inside of a flight for `key`, whether it still is the one that callers join."""
        flight = self._flights.get(key)
        return flight is not None and flight.task is asyncio.current_task()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    def __iter__(self) -> Iterator[Hashable]:
        return iter(tuple(self._flights))

    def __len__(self) -> int:
        return len(self._flights)

    def _take_off(self, key: Hashable, load: Load) -> "_Flight":
        flight = self._flights[key] = _Flight(key)
        name = "single flight for " + repr(key)[:100]
        loop = asyncio.get_running_loop()
        flight.task = loop.create_task(self._fly(flight, load), name=name)
        flight.task.add_done_callback(partial(self._land, flight))
        return flight

    async def _fly(self, flight: "_Flight", load: Load) -> Any:
        task = asyncio.current_task()
        assert task is not None
        flight.task = task  # at once: an eager task (Python 3.12) may be over when it is returned
        try:
            return await load()
        finally:  # `_land` would do, but this saves those who wait a turn of the event loop
            self._forget(flight)
            flight.wake_passengers()

    def _land(self, flight: "_Flight", task: "asyncio.Task[Any]") -> None:
        """Clean up when the task has ended, even if it was cancelled before it began."""
        self._forget(flight)
        flight.wake_passengers()
        if not task.cancelled():
            task.exception()  # asyncio need not complain if nobody waits for it any more

    def _forget(self, flight: "_Flight") -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]


class _Flight:
    task: "asyncio.Task[Any]"

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.passengers: list[asyncio.Future[None]] = []

    def wake_passengers(self) -> None:
        for landed in self.passengers:
            if not landed.done():
                landed.set_result(None)


async def _end(task: "asyncio.Task[Any]") -> None:
    """Cancel `task` and wait for its clean-up; when cancelled meanwhile, hand that on to it."""
    while not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
