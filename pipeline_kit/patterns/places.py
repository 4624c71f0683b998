"""Places: so many may be inside at once, and whoever finds no place free waits in line.

    limit 3        line  f e d ──▶ │ c b a │ ──▶ out

The limit may change while they wait. A place that becomes free is handed to the first in line, so
nobody is overtaken. And none is lost: who is cancelled with a place just handed over passes it on.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class Places:
    """Places that are taken, and the line of those who wait for one.

    Taking one that is free is for the caller, because that is the common case and must be quick:

        if places.line or places.taken >= limit:
            await places.wait()
        else:
            places.taken += 1

    Args:
        limit: returns how many places there are at this moment. Call `hand_out` when it has grown.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self.taken = 0
        """Places that are taken; for a while more than there are, when the limit has shrunk."""
        self.line: deque[asyncio.Future[None]] = deque()
        """Those who wait."""
        self._limit = limit

    async def wait(self) -> None:
        """Wait in line for a place, and take it."""
        my_turn = asyncio.get_running_loop().create_future()
        self.line.append(my_turn)
        try:
            await my_turn
        except BaseException:
            if my_turn.done() and not my_turn.cancelled():  # a place had just been handed over
                self.give_back()
            elif my_turn in self.line:
                self.line.remove(my_turn)
            raise

    def give_back(self) -> None:
        """Leave a place, and hand out those that are free."""
        self.taken -= 1
        if self.line:
            self.hand_out()

    def hand_out(self) -> None:
        """Hand the places that are free to those who wait, in their order."""
        while self.line and self.taken < self._limit():
            first = self.line.popleft()
            if not first.done():  # else it has been cancelled, and is about to notice
                first.set_result(None)
                self.taken += 1
