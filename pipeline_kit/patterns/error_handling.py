"""Error handling: what becomes of an item that failed, and who hears of it.

A pipeline that stops at the first bad line of a million is useless, and one that drops it without
a word is worse. So a stage says what to do, in `on_error`, with every error that its layers
(`Retry`, `Fallback`) have not dealt with:

                          ┌─ fail_fast      the run fails (the default)
    Stage(…, on_error= ───┼─ skip           the item is left out, and the error kept in `run.errors`
                          ├─ DeadLetters()  the same, and the item is kept, to be run again
                          └─ any function   of a `StageError`: if it raises, the run fails

    dead = DeadLetters()
    stage = Stage(parse, on_error=in_turn(log_errors(logger), dead))
    ...
    async with Pipeline(stage).run(dead.replay()) as run:    # once the bug is fixed

Nobody has to read what is kept for the run to go on. What does not fit is counted as shed.

An error names its stage and its item, and its `__cause__` is the original exception with its
traceback. A cancellation of the run, or `KeyboardInterrupt`, is no error of an item: it ends the
run. But if what a function waits for is cancelled by someone else, its item has failed.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pipeline_kit.callbacks import check_plain
from pipeline_kit.errors import StageError
from pipeline_kit.whole_numbers import check_whole

if TYPE_CHECKING:
    from prometheus_client import Counter

Handler = Callable[[StageError], object]
"""What `Stage(on_error=…)` takes: called with each error; if it raises, the run fails."""


def fail_fast(error: StageError) -> None:
    """Let the run fail with its first error, as it does by default."""
    raise error


def skip(error: StageError) -> None:
    """Leave the item out; the run keeps the error in `run.errors`, whoever looks or not."""


class DeadLetters:
    """A handler that keeps failed items, with their errors, so that they can be run again.

    Args:
        limit: how many to keep; beyond it the oldest is shed.

    Raises:
        ValueError: `limit` is below 1.
    """

    def __init__(self, limit: int = 1000) -> None:
        check_whole("limit", limit, of="items", remedy="to keep none, use on_error=skip")
        self.limit = limit
        self.total = 0
        """Items that failed so far."""
        self.shed = 0
        """Those of them that are lost, because there was no room for more."""
        self._kept: OrderedDict[int, StageError] = OrderedDict()

    def __call__(self, error: StageError) -> None:
        """Keep the item of `error`, at the expense of the oldest if there is no room."""
        if len(self._kept) == self.limit:
            self._kept.popitem(last=False)
            self.shed += 1
        self._kept[self.total] = error
        self.total += 1

    def replay(self, stage: str | None = None) -> Iterator[Any]:
        """Take items out, oldest first, as the source of another run.

        An item is taken out when the run takes it. Those that fail again come back, and wait for
        the next replay; those that the run does not get to stay.

        An item is kept as its stage got it. If it has the stamp of an `ItemDeadline`, that is out
        of date, and it needs a new one: `pipeline.run(map(deadline.renew, dead.replay()))`.

        Args:
            stage: take only items that failed in this stage, for a pipeline that begins with it.
                None if there is only one such stage.

        Raises:
            ValueError: the items are of several stages, and `stage` does not say which to take.
        """
        names = sorted({letter.stage for letter in self})
        if stage is None and len(names) > 1:
            raise ValueError(
                f"there are items of the stages {', '.join(names)}; say which are to be replayed: "
                f"replay({names[0]!r}), in a pipeline that begins with that stage"
            )
        numbers = [n for n, letter in self._kept.items() if stage in (None, letter.stage)]
        return self._take(numbers)

    def _take(self, numbers: list[int]) -> Iterator[Any]:
        for number in numbers:
            if number in self._kept:  # else it has been shed meanwhile
                yield self._kept.pop(number).item

    def __iter__(self) -> Iterator[StageError]:
        return iter(tuple(self._kept.values()))

    def __len__(self) -> int:
        return len(self._kept)

    def __repr__(self) -> str:
        return f"<DeadLetters: {len(self)} of {self.total} failed items kept, {self.shed} shed>"


def in_turn(*handlers: Handler) -> Handler:
    """Return a handler that calls several, first to last; if one raises, the rest are not called.

    Raises:
        TypeError: a handler is not callable, or async.
    """
    for handler in handlers:
        check_plain("a handler", handler, takes="one StageError")

    def handle(error: StageError) -> None:
        for handler in handlers:
            handler(error)

    return handle


def log_errors(logger: logging.Logger, level: int = logging.ERROR) -> Handler:
    """Return a handler that logs each error with its traceback.

    The record has the attributes `stage`, `item_number` (None unless the run is recorded),
    `error_type` and `attempts`, for formatters that want them apart.
    """

    def handle(error: StageError) -> None:
        extra = {
            "stage": error.stage,
            "item_number": error.number,
            "error_type": type(error.__cause__).__name__,
            "attempts": error.attempts,
        }
        logger.log(level, "%s", error, exc_info=error, extra=extra)

    return handle


def count_errors(counter: "Counter") -> Handler:
    """Return a handler that counts errors for Prometheus, by stage and by type of exception.

        Counter("pipeline_items_failed", "Items that failed.", ["stage", "type"])

    Args:
        counter: a `prometheus_client.Counter` with exactly the labels `stage` and `type`.

    Raises:
        ValueError: it has other labels.
    """
    try:
        counter.labels(stage="", type="")
    except ValueError as error:
        raise ValueError(
            "the counter must have the labels stage and type, and no other: "
            'Counter(name, text, ["stage", "type"])'
        ) from error
    counter.remove("", "")  # it was only a try

    def handle(error: StageError) -> None:
        counter.labels(stage=error.stage, type=type(error.__cause__).__name__).inc()

    return handle
