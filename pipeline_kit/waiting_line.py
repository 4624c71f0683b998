"""Waiting in line, first come, first served; a channel has a line at either end.

Whoever is first is woken once it may be able to go on, and looks for itself; if it cannot, it
sleeps again. Nothing is handed to one that sleeps, so a cancellation that strikes there loses
nothing.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiter(Generic[T]):
    """Someone's place in a line.

    Args:
        item: what is waited with, if anything.
    """

    __slots__ = ("_loop", "_since", "_wake_up", "item", "served")

    def __init__(self, item: T) -> None:
        self.item = item
        self.served = False
        """Whether another has taken the item off its hands already."""
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._wake_up: asyncio.Future[None] | None = None

    async def sleep(self) -> None:
        """Wait until woken."""
        self._wake_up = self._loop.create_future()
        await self._wake_up

    def wake(self) -> None:
        """Have it look again whether it can go on; without effect on one that is awake."""
        if self._wake_up and not self._wake_up.done():
            self._wake_up.set_result(None)

    def is_cancelled(self) -> bool:
        """Tell whether it was cancelled while it slept, and has not left the line yet."""
        return self._wake_up is not None and self._wake_up.cancelled()

    def waited(self) -> float:
        """Return for how many seconds it has waited so far."""
        return self._loop.time() - self._since


class Line(deque[Waiter[T]]):
    """Those who wait, and the seconds that others before them waited."""

    def __init__(self) -> None:
        super().__init__()
        self._waited_before = 0.0

    def leave(self, waiter: Waiter[T]) -> None:
        """Let `waiter` out of the line, wherever in it that one stands."""
        if self and self[0] is waiter:  # as a rule
            self.popleft()
        elif not waiter.served:  # who was served has been taken out already
            self.remove(waiter)
        self._waited_before += waiter.waited()

    def waited(self) -> float:
        """Return the seconds waited so far, summed over all there have been."""
        return self._waited_before + sum(waiter.waited() for waiter in self)
