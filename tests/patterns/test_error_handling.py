import asyncio
import logging
from asyncio import sleep
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter

from pipeline_kit import Pipeline, Stage, StageError, virtual_time
from pipeline_kit.patterns.error_handling import (
    DeadLetters,
    Handler,
    count_errors,
    fail_fast,
    in_turn,
    log_errors,
    skip,
)
from pipeline_kit.patterns.retry import Retry


async def invert(item: float) -> float:
    await sleep(1)
    return 1 / item


def inverting(on_error: Handler | None, **parameters: Any) -> Pipeline:
    return Pipeline(Stage(invert, on_error=on_error, **parameters))


def failures(*items: Any, stage: str = "parse") -> Iterator[StageError]:
    for item in items:
        yield StageError.about(stage, item, ValueError(f"bad {item}"))


@pytest.mark.parametrize("on_error", [None, fail_fast])
async def test_by_default_the_first_error_fails_the_run_with_stage_and_item(
    on_error: Handler | None,
) -> None:
    with pytest.raises(StageError, match="stage 'invert' failed on item 0: ZeroDiv") as caught:
        await inverting(on_error).collect([4, 2, 0, 1])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert caught.value.__cause__.__traceback__ is not None


async def test_skip_leaves_the_item_out_and_keeps_the_error() -> None:
    async with inverting(skip).run([4, 0, 2]) as run:
        assert [result async for result in run] == [0.25, 0.5]
    assert [error.item for error in run.errors] == [0]


async def test_dead_letters_keep_items_with_their_errors() -> None:
    dead = DeadLetters()
    assert await inverting(dead, layers=[Retry(3)]).collect([4, 0, 2]) == [0.25, 0.5]
    (letter,) = dead
    assert (letter.stage, letter.item, letter.attempts) == ("invert", 0, 3)
    assert isinstance(letter.__cause__, ZeroDivisionError)
    assert letter.__cause__.__traceback__ is not None
    assert repr(dead) == "<DeadLetters: 1 of 1 failed items kept, 0 shed>"


async def test_dead_letters_can_be_run_again() -> None:
    dead = DeadLetters()
    await inverting(dead).collect([4, 0, "x", 2])

    def mended(item: Any) -> Any:
        return item if item == 0 else 1 / item

    pipeline = Pipeline(Stage(mended, on_error=dead))
    assert await pipeline.collect(dead.replay()) == [0]
    assert [letter.item for letter in dead] == ["x"]  # failed again, and waits for the next time
    assert (dead.total, dead.shed) == (3, 0)


def test_a_replay_takes_each_item_when_it_is_wanted_and_leaves_the_rest() -> None:
    dead = DeadLetters()
    for error in failures(1, 2, 3):
        dead(error)
    replay = dead.replay()
    assert next(replay) == 1
    assert [letter.item for letter in dead] == [2, 3]


def test_a_replay_is_of_one_stage() -> None:
    dead = DeadLetters()
    for error in (*failures(1, 2), *failures("<p>", stage="fetch")):
        dead(error)
    with pytest.raises(
        ValueError, match=r"of the stages fetch, parse; say which .*\('fetch'\), in"
    ):
        dead.replay()
    assert list(dead.replay("parse")) == [1, 2]
    assert list(dead.replay()) == ["<p>"]


@given(st.integers(1, 10), st.lists(st.integers(-1, 5), max_size=60))
def test_every_failed_item_is_kept_or_replayed_or_counted_as_shed(
    limit: int, steps: list[int]
) -> None:
    """Total = kept + replayed + shed at every moment, kept <= limit, and the newest are kept."""
    dead, failed, replayed = DeadLetters(limit), 0, list[int]()
    replay = dead.replay()
    for step in steps:
        if step < 0:
            replay = dead.replay()
        elif step == 0:
            replayed += [item for item in [next(replay, None)] if item is not None]
        else:
            for error in failures(*range(failed, failed + step)):
                dead(error)
            failed += step
        kept = [letter.item for letter in dead]
        assert dead.total == failed == len(kept) + len(replayed) + dead.shed
        assert len(kept) <= limit
        assert kept == [n for n in range(failed) if n not in replayed][-len(kept) :][: len(kept)]
        assert replayed == sorted(set(replayed))


@given(
    st.lists(st.sampled_from([0, 1, 2, "x"]), max_size=30),
    st.integers(1, 4),
    st.integers(1, 5),
    st.booleans(),
)
def test_every_item_comes_out_once_or_is_a_dead_letter(
    items: list[Any], workers: int, limit: int, ordered: bool
) -> None:
    """Items in = results + dead letters kept + shed, whatever fails, with any number of workers."""

    async def main() -> None:
        dead = DeadLetters(limit)
        results = await inverting(dead, workers=workers, ordered=ordered).collect(items)
        bad = [item for item in items if item in (0, "x")]
        assert sorted(results) == sorted(1 / item for item in items if item not in (0, "x"))
        assert dead.total == len(bad)
        assert len(dead) == min(limit, len(bad))
        assert dead.shed == len(bad) - len(dead)
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main)


@pytest.mark.parametrize("on_error", [skip, DeadLetters(100)])
async def test_defect_11_a_run_with_errors_that_nobody_reads_goes_on(on_error: Handler) -> None:
    """In the listing one error that nobody reads stops the pipeline for ever."""
    items = [0] * 20_000 + [1]

    def plain(item: int) -> float:
        return 1 / item

    async with Pipeline(Stage(plain, on_error=on_error)).run(items) as run:
        assert [result async for result in run] == [1]
    assert run.errors.total == 20_000
    assert len(run.errors) + run.errors.shed == 20_000
    assert len(run.errors) == 1000
    if isinstance(on_error, DeadLetters):
        assert (len(on_error), on_error.shed) == (100, 19_900)


async def test_defect_18_an_exception_of_any_kind_keeps_the_identity_of_its_item() -> None:
    """In the listing a panic takes the process down, or is recovered and the item is forgotten."""

    def work(item: str) -> str:
        if item == "recursion":
            return work(item)
        if item == "assertion":
            raise AssertionError
        return item

    dead = DeadLetters()
    items = ["a", "recursion", "b", "assertion", "c"]
    assert await Pipeline(Stage(work, on_error=dead)).collect(items) == ["a", "b", "c"]
    assert [(letter.item, type(letter.__cause__)) for letter in dead] == [
        ("recursion", RecursionError),
        ("assertion", AssertionError),
    ]


async def test_a_base_exception_is_no_error_of_an_item_and_ends_the_run() -> None:
    class Interrupt(BaseException):
        pass

    def work(item: int) -> None:
        raise Interrupt

    dead = DeadLetters()
    with pytest.raises(Interrupt):
        await Pipeline(Stage(work, on_error=dead)).collect([1])
    assert dead.total == 0


async def test_a_handler_of_ones_own_may_fail_the_run() -> None:
    def three_at_most(error: StageError) -> None:
        if dead.total > 3:
            raise error

    dead = DeadLetters()
    pipeline = inverting(in_turn(dead, three_at_most))
    assert await pipeline.collect([0, 0, 1, 0]) == [1]
    with pytest.raises(StageError, match="failed on item 0"):
        await pipeline.collect([0, 1])


def test_handlers_are_called_in_turn() -> None:
    heard: list[str] = []
    handle = in_turn(lambda error: heard.append("a"), lambda error: heard.append("b"))
    handle(next(failures(1)))
    assert heard == ["a", "b"]


def test_what_is_no_handler_is_refused() -> None:
    async def late(error: StageError) -> None: ...

    with pytest.raises(TypeError, match="a handler must be callable with one StageError, got 3"):
        in_turn(skip, 3)  # type: ignore[arg-type] # the mistake

    class Late:
        async def __call__(self, error: StageError) -> None: ...

    for handler in (late, Late()):
        with pytest.raises(TypeError, match="a handler must be a plain function, got the async"):
            in_turn(skip, handler)


async def test_errors_are_logged_with_traceback_and_with_their_parts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handler = log_errors(logging.getLogger("shop"), logging.WARNING)
    await inverting(handler, layers=[Retry(2)]).collect([0, 1])
    (record,) = caplog.records
    assert record.name == "shop"
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("stage 'invert' failed on item 0: ZeroDivisionError: ")
    assert "in invert" in caplog.text
    assert "attempt 1 failed with ZeroDivisionError" in caplog.text
    assert (record.stage, record.item_number, record.error_type, record.attempts) == (  # type: ignore[attr-defined] # extra
        "invert",
        None,
        "ZeroDivisionError",
        2,
    )


async def test_errors_are_counted_for_prometheus_by_stage_and_type() -> None:
    registry = CollectorRegistry()
    counter = Counter("failed", "Items that failed.", ["stage", "type"], registry=registry)
    await inverting(count_errors(counter)).collect([0, 1, "x", 0])
    samples = {
        (sample.labels["stage"], sample.labels["type"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "failed_total"
    }
    assert samples == {("invert", "ZeroDivisionError"): 2, ("invert", "TypeError"): 1}


@pytest.mark.parametrize("labels", [(), ("stage",), ("stage", "kind"), ("stage", "type", "more")])
def test_a_counter_with_other_labels_is_refused(labels: tuple[str, ...]) -> None:
    counter = Counter("failed", "Items that failed.", labels, registry=CollectorRegistry())
    with pytest.raises(
        ValueError, match="must have the labels stage and type, and no other: Count"
    ):
        count_errors(counter)


@pytest.mark.parametrize("limit", [0, -1, 1.5])
def test_impossible_limits_are_refused(limit: Any) -> None:
    with pytest.raises(ValueError, match=r"limit must be a whole number of items, 1 or more, got"):
        DeadLetters(limit)
