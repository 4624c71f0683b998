import asyncio
import re
from asyncio import sleep
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing
from multiprocessing import get_context
from operator import add
from pydoc_data.topics import topics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, StageError, virtual_time
from pipeline_kit.patterns import spilling
from pipeline_kit.patterns.map_reduce import map_reduce

COUNT: dict[str, Any] = {"reducer": lambda count, word: count + 1, "initial": int}


def now() -> float:
    return asyncio.get_running_loop().time()


def words_in(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def itself(value: Any) -> Any:
    return value


def one_more(count: int, word: str) -> int:
    return count + 1


async def collect(pairs: AsyncIterator[tuple[Any, Any]]) -> dict[Any, Any]:
    collected = [pair async for pair in pairs]
    assert len(dict(collected)) == len(collected)  # each key once
    return dict(collected)


@pytest.fixture(scope="module")
def truth() -> Counter[str]:
    """The words of Python's reference manual, which comes with Python, counted in the plain way."""
    return Counter(word for text in topics.values() for word in words_in(text))


@pytest.mark.parametrize("combiner", [None, add], ids=["values shuffled", "combined first"])
async def test_words_of_the_reference_manual_are_counted(
    truth: Counter[str], combiner: Any
) -> None:
    assert truth["the"] > 1000
    counts = map_reduce(topics.values(), mapper=words_in, key=itself, combiner=combiner, **COUNT)
    assert await collect(counts) == truth


@pytest.mark.parametrize("combiner", [None, add])
async def test_words_are_counted_though_few_fit_into_memory(
    truth: Counter[str], combiner: Any
) -> None:
    counts = map_reduce(
        topics.values(), mapper=words_in, key=itself, combiner=combiner, max_keys=20, **COUNT
    )
    assert len(truth) > 8 * 4 * 20  # so that files are made of files
    assert await collect(counts) == truth


def test_items_can_be_mapped_in_other_processes(truth: Counter[str]) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        counts = map_reduce(
            topics.values(),
            mapper=words_in,
            key=itself,
            reducer=one_more,
            initial=int,
            combiner=add,
            executor=pool,
        )
        assert virtual_time.run(lambda: collect(counts)) == truth


async def test_defect_14_reducing_accumulates() -> None:
    """The listing applies its `reduce` to each item, so that it returns one result per item."""
    words = ["a", "b", "a", "a"]
    second_map = Pipeline(Stage(itself, name="map"), Stage(lambda word: (word, 1), name="reduce"))
    assert await second_map.collect(words) == [("a", 1), ("b", 1), ("a", 1), ("a", 1)]
    assert await collect(map_reduce([words], mapper=itself, key=itself, **COUNT)) == {
        "a": 3,
        "b": 1,
    }


async def test_items_are_mapped_at_the_same_time() -> None:
    async def mapper(item: int) -> list[int]:
        await sleep(1)
        return [item, -item]

    pairs = map_reduce(range(8), mapper=mapper, key=abs, reducer=add, initial=int, map_workers=4)
    assert await collect(pairs) == dict.fromkeys(range(8), 0)
    assert now() == 2


async def test_values_of_a_key_are_reduced_in_order_and_keys_share_nothing() -> None:
    def append(so_far: list[int], value: int) -> list[int]:
        so_far.append(value)
        return so_far

    pairs = map_reduce(
        [range(10)],
        mapper=itself,
        key=lambda value: value % 3,
        reducer=append,
        initial=list,
        max_keys=1,
        partitions=1,
    )
    assert await collect(pairs) == {0: [0, 3, 6, 9], 1: [1, 4, 7], 2: [2, 5, 8]}


async def test_a_mapper_may_return_nothing_and_be_a_generator() -> None:
    def mapper(item: int) -> Iterator[int]:
        yield from range(item)

    assert await collect(map_reduce([0, 2, 1], mapper=mapper, key=itself, **COUNT)) == {0: 2, 1: 1}
    assert await collect(map_reduce([], mapper=mapper, key=itself, **COUNT)) == {}


async def test_it_goes_between_two_pipelines() -> None:
    async with Pipeline(Stage(str.split)).run(["a b a", "b a"]) as run:
        counts = map_reduce(run, mapper=itself, key=itself, **COUNT)
        assert sorted(await Pipeline(Stage("{0[0]}={0[1]}".format)).collect(counts)) == [
            "a=3",
            "b=2",
        ]


@pytest.mark.parametrize("max_keys", [1, 5, 100])
async def test_no_more_keys_are_held_than_allowed(max_keys: int) -> None:
    class Held:
        alive = most = 0

        def __init__(self) -> None:
            Held.alive += 1
            Held.most = max(Held.most, Held.alive)

        def __del__(self) -> None:
            Held.alive -= 1

    pairs = map_reduce(
        [range(300), range(300)],
        mapper=itself,
        key=itself,
        reducer=lambda held, value: held,
        initial=Held,
        partitions=2,
        max_keys=max_keys,
    )
    count = 0
    async for _ in pairs:
        count += 1
    assert count == 300
    assert Held.most <= 2 * max_keys + 1  # and the one that the loop above has in hand


async def test_leaving_early_closes_all_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def temporary_file() -> Any:
        files.append(original())
        return files[-1]

    files, original = list[Any](), spilling.TemporaryFile
    monkeypatch.setattr(spilling, "TemporaryFile", temporary_file)
    pairs = map_reduce([range(99)], mapper=itself, key=itself, max_keys=1, **COUNT)
    async with aclosing(pairs):  # type: ignore[type-var] # a generator
        async for _ in pairs:
            break
    assert len(files) >= 8
    assert all(file.closed for file in files)


def fail(*arguments: Any) -> Any:
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mapper": fail}, "stage 'map' failed on item 'a a': ValueError: broken"),
        ({"key": fail}, "stage 'map' failed on item 'a a': ValueError: broken"),
        ({"reducer": fail}, r"stage 'reduce' failed on item .*'a', 'a'.*: ValueError: broken"),
        ({"combiner": fail}, r"stage 'reduce' failed on item .*'a', 2.*: ValueError: broken"),
        ({"key": lambda word: [word]}, "unhashable type: 'list'"),
    ],
)
async def test_a_function_that_fails_ends_it_and_is_named(
    options: dict[str, Any], message: str
) -> None:
    functions = {"mapper": str.split, "key": itself, **COUNT, **options}
    with pytest.raises(StageError, match=message):
        await collect(map_reduce(["a a", "a a"], **functions))
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_what_cannot_be_is_refused_at_once() -> None:
    functions: dict[str, Any] = {"mapper": itself, "key": itself, **COUNT}
    with pytest.raises(TypeError, match="initial must be a function, got 0; a function that makes"):
        map_reduce([], **{**functions, "initial": 0})
    with pytest.raises(TypeError, match="combiner must be a function, got 1"):
        map_reduce([], combiner=1, **functions)  # type: ignore[arg-type] # that is the point
    for argument in ("partitions", "max_keys"):
        for number in (0, 1.5):
            with pytest.raises(ValueError, match=f"{argument} must be a whole number, 1 or more"):
                map_reduce([], **{**functions, argument: number})


@given(
    st.lists(st.lists(st.integers(-9, 9) | st.text(max_size=2), max_size=8), max_size=8),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 4),
    st.booleans(),
)
def test_it_equals_counting_in_the_plain_way(
    items: list[list[int | str]], partitions: int, max_keys: int, workers: int, combined: bool
) -> None:
    """Law: whatever is split, spilled or combined, the result is that of one dictionary."""

    async def main() -> None:
        pairs = map_reduce(
            items,
            mapper=itself,
            key=itself,
            combiner=add if combined else None,
            partitions=partitions,
            max_keys=max_keys,
            map_workers=workers,
            **COUNT,
        )
        assert await collect(pairs) == Counter(value for item in items for value in item)

    virtual_time.run(main)
