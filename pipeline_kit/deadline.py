"""The deadline of a whole run: when it has passed, all that is inside is cancelled."""

import asyncio
from types import TracebackType

from pipeline_kit.virtual_loop import VirtualTimeLoop


class Deadline:
    """A bound for how long a block may take, as `async with deadline: …`.

    Args:
        seconds: after which the block is cancelled, and a `TimeoutError` raised at its end; None
            for as long as it takes.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    def expired(self) -> bool:
        """Tell whether the block has been cancelled, because its time was up."""
        return self._timeout.expired()

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        if self._seconds is not None:
            loop = asyncio.get_running_loop()
            end = loop.time() + self._seconds
            self._timer = loop.call_at(end, self._timeout.reschedule, end)
            if isinstance(loop, VirtualTimeLoop):  # where a deadlock is better than a timeout
                loop.add_watchdog(self._timer)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer:
            self._timer.cancel()
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            text = f"the run was stopped at its deadline of {self._seconds} s"
            raise TimeoutError(text) from None
