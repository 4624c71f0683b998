import pickle

import pytest

from pipeline_kit import ErrorLog, Pipeline, Stage, StageError
from pipeline_kit.trace import Envelope

RECORD = pytest.mark.parametrize("record", [False, True], ids=["plain", "recorded"])


def test_an_error_names_stage_item_and_cause() -> None:
    error = StageError.about("parse", "x" * 500, ValueError("no digits"))
    assert str(error).startswith("stage 'parse' failed on item 'xxx")
    assert str(error).endswith(": ValueError: no digits")
    assert len(str(error)) < 300
    numbered = StageError.about("parse", Envelope(7, "1O"), ValueError("no digits"))
    assert (numbered.stage, numbered.item, numbered.number) == ("parse", "1O", 7)
    assert str(numbered) == ("stage 'parse' failed on item '1O' (number 7): ValueError: no digits")
    assert str(StageError("source", 3)) == "the source failed after 3 items"
    assert str(failure(1)) == "stage 'parse' failed on item 1: ValueError"


def test_an_error_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(StageError("parse", "x", 7)))
    assert (copy.stage, copy.item, copy.number) == ("parse", "x", 7)


def failure(number: int, cause: Exception | None = None) -> StageError:
    return StageError.about("parse", number, cause or ValueError())


def test_a_log_counts_all_errors_and_keeps_the_newest() -> None:
    log = ErrorLog(limit=3)
    for number in range(10):
        log.add(failure(number, KeyError() if number == 0 else None))
    assert [error.item for error in log] == [7, 8, 9]
    assert (log.total, len(log), log.shed) == (10, 3, 7)
    assert log.counts == {("parse", "ValueError"): 9, ("parse", "KeyError"): 1}
    assert repr(log) == "<ErrorLog: 10 errors, the last 3 kept>"


def test_a_log_that_keeps_nothing_still_counts() -> None:
    log = ErrorLog(limit=0)
    log.add(failure(1))
    assert (log.total, list(log), log.shed) == (1, [], 1)
    for limit in (-1, 1.5):
        with pytest.raises(ValueError, match="limit must be a whole number of errors, 0 or more"):
            ErrorLog(limit=limit)  # type: ignore[arg-type] # that is the point


class UnspeakableError(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("half made")

    __str__ = __repr__


@RECORD
async def test_what_cannot_be_shown_hides_no_error(record: bool) -> None:
    """Be it the item or the error: whoever writes the message must not fail in its place."""

    async def fail(item: object) -> None:
        raise UnspeakableError

    run = Pipeline(Stage(fail, workers=2)).run([1, UnspeakableError()], record=record)
    with pytest.raises(StageError, match="<UnspeakableError, which cannot be shown>") as caught:
        async with run:
            await anext(aiter(run))
    assert isinstance(caught.value.__cause__, UnspeakableError)
    assert "<UnspeakableError, which cannot be shown>" in caught.value.__notes__[0]
