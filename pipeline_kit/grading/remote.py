"""The student's side of the world: a source, stages and a sink that ask the grader for everything.

The event loop knows no time of its own. Whenever no task can go on, it sends all that the tasks
have asked for, and the grader tells it what time it is now and who gets what.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from itertools import count
from types import CoroutineType
from typing import Any

from pipeline_kit.trace import SOURCE
from pipeline_kit.virtual_time import Poll, Ready, VirtualTimeLoop


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

    def _next_event(self, timeout: float | None, poll: Poll) -> Ready:
        if timeout == 0 or self._in_executors:
            return super()._next_event(timeout, poll)
        if self.stopped:
            raise StoppedError
        timer = None if timeout is None else self._scheduled[0].when()  # type: ignore[attr-defined] # private to asyncio, as in VirtualTimeLoop
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


class Source:
    """The source as the answer sees it, and further streams: `async for item in source`."""

    def __init__(self, loop: RemoteClockLoop, name: str = SOURCE) -> None:
        self._loop = loop
        self._name = name
        self._request = ("next", "") if name == SOURCE else ("hear", name)

    def __aiter__(self) -> "Source":
        return self

    def __anext__(self) -> Awaitable[int]:
        coroutine = self._next()
        coroutine.__qualname__ = f"anext({self._name})"  # type: ignore[attr-defined] # has one
        return coroutine

    async def _next(self) -> int:
        item: int | None = await self._loop.ask(*self._request)
        if item is None:
            raise StopAsyncIteration
        return item

    def __iter__(self) -> "Source":
        name = self._name
        raise TypeError(f"`{name}` takes time between items: read it with `async for`, not `for`")


class Sink:
    """The sink as the answer sees it: `await sink.send(result)`, and at the end `sink.close()`.

    Like a channel it can be closed by `with sink:` too.
    """

    def __init__(self, loop: RemoteClockLoop) -> None:
        self._loop = loop

    async def send(self, result: int) -> None:
        """Hand over a result; waits until the sink takes it."""
        await self._loop.ask("send", value=checked("sink.send", result))

    def close(self) -> None:
        """Say that no more results will come."""
        self._loop.post("close")

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    send.__qualname__ = "sink.send"


def signal(loop: RemoteClockLoop, name: str) -> Callable[[int], None]:
    """Return a function by which the answer tells something, at once: `alarm(True)`."""

    def tell(value: int) -> None:
        if not isinstance(value, int) or abs(value) >= 2**53:
            what = f"{value!r:.80} (of type {type(value).__name__})"
            raise TypeError(f"{name} takes True, False or a whole number; it got {what}")
        loop.post("tell", name, int(value))

    tell.__name__ = tell.__qualname__ = name
    return tell


def stage(loop: RemoteClockLoop, name: str) -> Callable[[int], Awaitable[int]]:
    """Return a stage's function as the answer sees it: `result = await stage1(item)`."""

    async def work(item: int) -> int:
        result: int = await loop.ask("work", name, checked(name, item))
        return result

    work.__name__ = work.__qualname__ = name
    return work


def checked(function: str, value: object) -> int:
    """Return `value` if it is one that the answer was given, such as an item.

    Raises:
        TypeError: it is something else, such as a coroutine that nobody has awaited.
    """
    if isinstance(value, CoroutineType):
        value.close()
        raise TypeError(
            f"{function} got a coroutine instead of a value; is an `await` missing before the call "
            f"of {value.__qualname__}?"
        )
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
        raise TypeError(
            f"{function} takes a single value, one that the source or a stage gave you; "
            f"it got {value!r:.80} (of type {type(value).__name__})"
        )
    return value


def _settle(
    future: "asyncio.Future[Any]", outcome: str, value: Any = None, stage: str = "", kind: str = ""
) -> None:
    if outcome == "error":
        future.set_exception(_KINDS.get(kind, StageError)(value, stage))
    else:
        future.set_result(value)
