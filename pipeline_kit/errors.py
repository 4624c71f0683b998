"""What goes wrong in a run: an error that names stage and item, and a bounded log of those."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator

from pipeline_kit.events import SOURCE, Envelope
from pipeline_kit.whole_numbers import check_whole


class StageError(Exception):
    """Raised when a stage or the source fails; the cause is the original exception.

    A stage fails if its function does, or if the channel in front of it does not take an item.
    """

    def __init__(self, stage: str, item: object, number: int | None = None) -> None:
        self.stage = stage
        """Name of the stage, or `"source"`."""
        self.item = item
        """What the function was called with; for the source, how many items it had yielded."""
        self.number = number
        """The item's number in the order of the source, if the run was recorded."""
        super().__init__(stage, item, number)

    @classmethod
    def about(cls, stage: str, item: object, cause: BaseException) -> "StageError":
        """Make the error for an item, taking it out of its envelope if the run is recorded."""
        if isinstance(item, Envelope):
            error = cls(stage, item.value, item.number)
        else:
            error = cls(stage, item)
        error.__cause__ = cause
        return error

    @property
    def attempts(self) -> int:
        """How often the function was called for this item."""
        return getattr(self.__cause__, "attempts", 1)

    def __str__(self) -> str:
        because = f": {in_words(self.__cause__)}" if self.__cause__ else ""
        if self.stage == SOURCE:
            return f"the source failed after {self.item} items{because}"
        number = "" if self.number is None else f" (number {self.number})"
        return f"stage {self.stage!r} failed on item {shown(self.item):.200}{number}{because}"


def is_failure(error: BaseException) -> bool:
    """Tell whether `error` is a failure of what the current task called, and not its own end.

    A `CancelledError` is one if nobody has cancelled the task: then the function has waited for
    something else that was cancelled, such as work in an executor that was shut down. A worker that
    took it for its own end would take its item with it, and nobody would hear of either.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    return isinstance(error, Exception)


def end_if_cancelled() -> None:
    """Raise the cancellation of the current task again, if a function has held it back.

    Or a worker whose function catches `CancelledError`, be it to return or to raise something else
    for which the item is skipped, would go on, and wait for ever to send to stages that have ended.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def in_words(cause: BaseException) -> str:
    """Return the type of `cause` and what it says, if it says anything."""
    if isinstance(cause, asyncio.CancelledError) and not cause.args:
        return "CancelledError: something that it waited for was cancelled"
    kind, text = type(cause).__name__, shown(cause, str)
    return f"{kind}: {text}" if text else kind


def shown(value: object, describe: Callable[[object], str] = repr) -> str:
    """Return `describe(value)`, or its type if that fails: a message must not hide an error."""
    try:
        return describe(value)
    except Exception:
        return f"<{type(value).__name__}, which cannot be shown>"


class ErrorLog:
    """The errors of items that were skipped: all are counted, the newest are kept.

    Nobody has to read it for a run to go on, and it never grows beyond `limit` errors.

    Args:
        limit: how many errors to keep.

    Raises:
        ValueError: `limit` is below 0, or not a whole number.
    """

    def __init__(self, limit: int = 1000) -> None:
        check_whole("limit", limit, least=0, of="errors")
        self._kept: deque[StageError] = deque(maxlen=limit)
        self.total = 0
        """Errors so far."""
        self.counts: Counter[tuple[str, str]] = Counter()
        """Errors so far by stage and by name of the type of the original exception."""

    def add(self, error: StageError) -> None:
        """Count `error`, and keep it at the expense of the oldest."""
        self.total += 1
        self.counts[error.stage, type(error.__cause__).__name__] += 1
        self._kept.append(error)

    @property
    def shed(self) -> int:
        """How many errors are counted but no longer kept."""
        return self.total - len(self._kept)

    def __iter__(self) -> Iterator[StageError]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<ErrorLog: {self.total} errors, the last {len(self)} kept>"
