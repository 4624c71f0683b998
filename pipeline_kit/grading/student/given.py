"""What an answer is given: a source, stages and a sink, which ask the grader for everything."""

from collections.abc import Awaitable, Callable
from types import CoroutineType

from pipeline_kit.grading.student.remote import RemoteClockLoop
from pipeline_kit.trace import SOURCE


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
