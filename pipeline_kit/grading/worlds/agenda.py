"""The future of a run: what will happen when, unless it is given up before."""

import heapq
from collections.abc import Callable, Iterator
from itertools import count

Happen = Callable[[], list[object]]
"""Lets something happen, and returns what is to be told to the one who asked for it."""


class Agenda:
    """What is planned, in order of time; what is due at the same moment keeps its order."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, int, Happen]] = []
        self._order = count()
        self._undo: dict[int, Callable[[], None]] = {}
        self._given_up: set[int] = set()

    @property
    def next_time(self) -> float | None:
        """When the next thing is due, in virtual seconds; None if nothing is planned."""
        return self._entries[0][0] if self._entries else None

    def plan(
        self, time: float, request: int, happen: Happen, undo: Callable[[], None] | None = None
    ) -> None:
        """Plan that something happens.

        Args:
            time: when, in virtual seconds.
            request: the number of the request that asked for it; 0 if none did.
            happen: what happens.
            undo: what happens instead if it is given up.
        """
        heapq.heappush(self._entries, (round(time, 9), next(self._order), request, happen))
        if undo:
            self._undo[request] = undo

    def give_up(self, request: int) -> None:
        """Let what a request asked for not happen; what has happened cannot be given up."""
        if request not in self._given_up:
            self._given_up.add(request)
            self._undo.pop(request, lambda: None)()

    def due(self, now: float) -> Iterator[tuple[int, Happen]]:
        """Yield, and strike off, what is due by `now`: the request, and what happens."""
        while self._entries and self._entries[0][0] <= now:
            _, _, request, happen = heapq.heappop(self._entries)
            if request not in self._given_up:
                self._undo.pop(request, None)
                yield request, happen
