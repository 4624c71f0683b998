from asyncio import sleep
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import FILTERED, Counts, Pipeline, Stage, virtual_time
from pipeline_kit.patterns.filter_transform import filter_transform, keep_if


def is_even(item: int) -> bool:
    return item % 2 == 0


async def is_even_later(item: int) -> bool:
    await sleep(1)
    return is_even(item)


def square(item: int) -> int:
    return item * item


async def square_later(item: int) -> int:
    await sleep(1)
    return item * item


PREDICATES: list[Any] = [is_even, is_even_later, lambda item: is_even_later(item)]
TRANSFORMS: list[Any] = [square, square_later, lambda item: square_later(item)]


@pytest.mark.parametrize("predicate", PREDICATES)
@pytest.mark.parametrize("transform", TRANSFORMS)
async def test_only_what_is_kept_is_transformed(predicate: Any, transform: Any) -> None:
    two_stages = Pipeline(Stage(keep_if(predicate)), Stage(transform, name="transform"))
    assert await two_stages.collect(range(6)) == [0, 4, 16]
    one_stage = Pipeline(Stage(filter_transform(predicate, transform)))
    assert await one_stage.collect(range(6)) == [0, 4, 16]


async def test_work_is_only_spent_on_what_is_kept() -> None:
    worked: list[int] = []
    assert (
        await Pipeline(Stage(filter_transform(is_even, worked.append))).collect(range(5))
        == [None] * 3
    )
    assert worked == [0, 2, 4]


async def test_what_is_filtered_is_told_apart_from_what_failed() -> None:
    def inverse(item: int) -> float:
        return 1 / item

    stage = Stage(filter_transform(is_even, inverse), on_error=lambda error: None)
    async with Pipeline(stage).run(range(5), record=True) as run:
        assert [result async for result in run] == [1 / 2, 1 / 4]
    expected = Counts(entered=5, out=2, dropped=0, failed=1, in_flight=0, filtered=2)
    assert run.trace.counts(run.trace.makespan) == expected
    assert (run.metrics[0].filtered, run.errors.total) == (2, 1)


def test_a_stage_is_named_after_what_it_does() -> None:
    assert Stage(keep_if(is_even)).name == "is_even"
    assert Stage(filter_transform(is_even, square)).name == "square"
    assert Stage(keep_if(str.isalpha)).name == "isalpha"


def test_it_works_in_other_processes() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        stages = [
            Stage(keep_if(is_even), executor=pool),
            Stage(filter_transform(bool, square), executor=pool),
        ]
        assert virtual_time.run(lambda: Pipeline(*stages).collect(range(5))) == [4, 16]


def test_an_async_predicate_does_not_go_with_an_executor() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match="leave out the executor"):
        Stage(keep_if(is_even_later), executor=pool)


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="predicate must be callable with one item, got 3"):
        keep_if(3)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match="transform must be callable with one item, got None"):
        filter_transform(is_even, None)  # type: ignore[arg-type] # that is the point


@given(st.lists(st.integers(0, 9)), st.integers(1, 3), st.booleans())
def test_every_item_is_either_passed_on_or_counted_as_filtered(
    items: list[int], workers: int, ordered: bool
) -> None:
    """Law: entered = out + filtered, and what is out is what the predicate says, in order."""

    async def main() -> None:
        stage = Stage(keep_if(is_even_later), workers=workers, ordered=ordered, buffer=2)
        async with Pipeline(stage).run(items) as run:
            out = [item async for item in run]
        assert out == [item for item in items if is_even(item)]
        metrics = run.metrics[0]
        assert metrics.taken == len(items) == metrics.passed_on + metrics.filtered
        assert metrics.working == 0

    virtual_time.run(main)


def test_the_mark_of_what_is_filtered_reads_as_what_it_is() -> None:
    assert "FILTERED" in repr(FILTERED)
