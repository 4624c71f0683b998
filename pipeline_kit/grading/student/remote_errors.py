"""The student's side of a world in which items fail: a second sink, for what has failed."""

from pipeline_kit.grading.student.given import checked
from pipeline_kit.grading.student.remote import RemoteClockLoop, StageError


class Errors:
    """Takes items that have failed: `await errors.send(item, error)`, in the end `errors.close()`.

    Like the sink it can be closed by `with errors:` too.
    """

    def __init__(self, loop: RemoteClockLoop) -> None:
        self._loop = loop

    async def send(self, item: int, error: BaseException) -> None:
        """Hand over an item, as the source yielded it, and the exception that ended its way."""
        if not isinstance(error, BaseException):
            raise TypeError(
                "errors.send takes an item and the exception that was raised for it, as in "
                f"`await errors.send(item, error)`; as its second it got {error!r:.80}"
            )
        await self._loop.ask("report", _cause(error), checked("errors.send", item))

    def close(self) -> None:
        """Say that no more errors will come."""
        self._loop.post("close", "errors")

    def __enter__(self) -> "Errors":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    send.__qualname__ = "errors.send"


def _cause(error: BaseException | None) -> str:
    """Return which stage the error came from, `"timeout"` for a time limit, else ""."""
    if isinstance(error, StageError):
        return error.stage
    if isinstance(error, TimeoutError):
        return "timeout"
    return _cause(error.__cause__) if error else ""
