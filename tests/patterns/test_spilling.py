from collections.abc import Hashable
from contextlib import ExitStack
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import virtual_time
from pipeline_kit.patterns import spilling
from pipeline_kit.patterns.spilling import Accumulator


def accumulator(max_keys: int, files: ExitStack) -> Accumulator:
    return Accumulator(lambda value: [value], lambda held, value: [*held, value], max_keys, files)


async def test_keys_come_out_with_their_values_in_order() -> None:
    with ExitStack() as files:
        lists = accumulator(1, files)
        for number in range(9):
            lists.add("abc"[number % 3], number)
        assert dict([pair async for pair in lists.results()]) == {
            "a": [0, 3, 6],
            "b": [1, 4, 7],
            "c": [2, 5, 8],
        }


async def test_what_is_held_comes_first_and_makes_room() -> None:
    with ExitStack() as files:
        lists = accumulator(2, files)
        for key in "abcde":
            lists.add(key, key)
        keys = [key async for key, _ in lists.results()]
        assert set(keys[:2]) == {"a", "b"}
        assert sorted(keys) == list("abcde")
        assert [pair async for pair in lists.results()] == []


async def test_without_too_many_keys_there_are_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_kit.patterns.spilling.TemporaryFile", None)
    with ExitStack() as files:
        lists = accumulator(3, files)
        for key in "abcabc":
            lists.add(key, lambda: "what cannot be pickled")
        assert len([pair async for pair in lists.results()]) == 3


async def test_files_are_closed_as_soon_as_they_have_been_read() -> None:
    with ExitStack() as files:
        lists = accumulator(1, files)
        for number in range(100):
            lists.add(number, number)
        spilled = list(lists._spilled)
        _ = [pair async for pair in lists.results()]
        assert all(file.closed for file in spilled)


async def test_files_of_files_are_few_because_each_level_has_a_hash_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Counted(Accumulator):
        levels: ClassVar[list[int]] = []

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.levels.append(self._level)

    monkeypatch.setattr(spilling, "Accumulator", Counted)
    with ExitStack() as files:
        lists = accumulator(4, files)
        for number in range(1000):
            lists.add(number, number)
        assert len([pair async for pair in lists.results()]) == 1000
    assert max(Counted.levels) <= 4  # eight times eight times eight files would do


keys = st.one_of(st.integers(-3, 3), st.text(max_size=2), st.tuples(st.integers(0, 2), st.none()))


@given(st.lists(st.tuples(keys, st.integers())), st.integers(1, 4))
def test_it_equals_one_dictionary(pairs: list[tuple[Hashable, int]], max_keys: int) -> None:
    """Law: each key comes out once, with all its values, in the order in which they came."""
    expected: dict[Hashable, list[int]] = {}
    for key, value in pairs:
        expected.setdefault(key, []).append(value)

    async def main() -> None:
        with ExitStack() as files:
            lists = accumulator(max_keys, files)
            for key, value in pairs:
                lists.add(key, value)
            out: list[Any] = [pair async for pair in lists.results()]
        assert dict(out) == expected
        assert len(out) == len(expected)

    virtual_time.run(main)
