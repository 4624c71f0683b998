"""The student's side of the connection: a wire to the grader, and a loop whose clock is there.

The event loop knows no time of its own. Whenever no task can go on, it sends all that the tasks
have asked for, and the grader tells it what time it is now and who gets what.
"""

import asyncio
import json
import os
from collections.abc import Callable
from itertools import count
from typing import Any

from pipeline_kit.virtual_loop import Poll, Ready, VirtualTimeLoop

_NEVER = 1e9
"""Virtual seconds; a timer that is due later, such as that of `sleep(inf)`, counts for none."""


class Wire:
    """The two pipes to the grader; on copies of stdin and stdout, so that prints do not disturb."""

    def __init__(self) -> None:
        self._incoming = os.fdopen(os.dup(0), "rb")
        self._outgoing = os.fdopen(os.dup(1), "wb")
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)

    def read(self) -> dict[str, Any] | None:
        """Return the next message; None when the grader has hung up."""
        line = self._incoming.readline()
        return json.loads(line) if line else None

    def write(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self._outgoing.write(json.dumps(message).encode() + b"\n")
        self._outgoing.flush()


class StoppedError(BaseException):
    """Raised out of the loop when the grader says that nothing more will happen."""


class StageError(RuntimeError):
    """Raised by a stage that fails, and by a source that does."""

    def __init__(self, message: str, stage: str = "") -> None:
        super().__init__(message)
        self.stage = stage
        """Which stage; "" for a source."""


class BadRecordError(StageError):
    """Raised by a stage that cannot read an item."""


class ServiceDownError(StageError):
    """Raised by a stage that depends on something that is down."""


_KINDS = {kind.__name__: kind for kind in (BadRecordError, ServiceDownError)}


class RemoteClockLoop(VirtualTimeLoop):
    """A loop on virtual time whose clock is the grader's."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.requests: list[tuple[int, str, str, int]] = []
        """What has been asked for since the last time everything stood still."""
        self.stopped = ""
        """Why the grader has stopped the run, if it has."""
        self.on_cancel: Callable[[], object] = lambda: None
        """Called when the grader cancels the answer."""
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        super().__init__()

    async def ask(self, kind: str, stage: str = "", value: int = 0) -> Any:
        """Ask the world for something, and wait until it comes."""
        number = self.post(kind, stage, value)
        future = self._asked[number] = self.create_future()
        try:
            return await future
        finally:
            del self._asked[number]
            if future.cancelled():
                self.post("abandon", value=number)

    def post(self, kind: str, stage: str = "", value: int = 0) -> int:
        """Tell the world something without waiting for a reply; return the request's number."""
        number = next(self._numbers)
        self.requests.append((number, kind, stage, value))
        return number

    def timers(self) -> int:
        """Return how many timers are set and not cancelled."""
        return sum(not timer.cancelled() for timer in self._scheduled)  # type: ignore[attr-defined] # private to asyncio, as below

    def _next_event(self, timeout: float | None, poll: Poll) -> Ready:
        if timeout == 0 or self._in_executors:
            return super()._next_event(timeout, poll)
        if self.stopped:
            raise StoppedError
        timer = None if timeout is None else self._scheduled[0].when()  # type: ignore[attr-defined] # private to asyncio, as in VirtualTimeLoop
        if timer is not None and timer >= _NEVER:
            timer = None
        self._wire.write({"ask": self.requests, "timer": timer})
        self.requests = []
        self._hear(self._wire.read() or {"stop": "hung up"})
        return []

    def _hear(self, reply: dict[str, Any]) -> None:
        if "stop" in reply:
            self.stopped = reply["stop"]
            raise StoppedError
        self._now = reply["now"]
        for number, outcome, *value in reply["results"]:
            future = self._asked.get(number)
            if future and not future.done():
                _settle(future, outcome, *value)
        if reply["cancel"]:
            self.on_cancel()


def _settle(
    future: "asyncio.Future[Any]", outcome: str, value: Any = None, stage: str = "", kind: str = ""
) -> None:
    if outcome == "error":
        future.set_exception(_KINDS.get(kind, StageError)(value, stage))
    else:
        future.set_result(value)
