import asyncio
import multiprocessing
import os
import sqlite3
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage
from pipeline_kit.patterns import sqlite_store
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.sqlite_store import SQLiteStore

# The thread of aiosqlite runs in real time, so these tests do, and none of them waits for time.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


def test_results_survive_a_restart(path: Path) -> None:
    calls: list[str] = []

    async def fetch(item: str) -> dict[str, Any]:
        calls.append(item)
        return {"item": item, "parts": [1, 2.5, None]}

    async def run() -> tuple[list[Any], Cache]:
        async with SQLiteStore(path) as store:
            cache = Cache(ttl=3600, store=store)
            pipeline = Pipeline(Stage(fetch, workers=4, ordered=True, layers=[cache]))
            return await pipeline.collect("abca"), cache

    first, _ = asyncio.run(run())
    second, cache = asyncio.run(run())
    assert first == second
    assert [result["item"] for result in second] == list("abca")
    assert sorted(calls) == ["a", "b", "c"]
    assert cache.statistics().load_count == 0
    assert cache.statistics().store_hit_count == 3


def test_a_process_that_died_has_lost_nothing(path: Path) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_set_and_die, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == 9

    async def main() -> Any:
        async with SQLiteStore(path) as store:
            return await store.get("key")

    result, left = asyncio.run(main())
    assert result == "kept"
    assert left == inf


def _set_and_die(path: Path) -> None:
    async def main() -> None:
        async with SQLiteStore(path) as store:
            await store.set("key", "kept", inf)
            os._exit(9)  # at once, with no clean-up of any kind

    asyncio.run(main())


def test_a_result_expires_by_the_clock_on_the_wall(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr(sqlite_store, "time", lambda: clock[0])

    async def main() -> None:
        async with SQLiteStore(path) as store:
            await store.set("a", 1, 10)
            await store.set("b", 2, 100)
            clock[0] += 4
            assert await store.get("a") == (1, 6)
            clock[0] += 6
            assert await store.get("a") is None
            assert await store.keys() == ["b"]
        async with SQLiteStore(path):
            pass

    asyncio.run(main())
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT key FROM results").fetchall() == [("'b'",)]
    connection.close()


def test_what_is_invalidated_is_gone_from_the_file(path: Path) -> None:
    async def main() -> None:
        async with SQLiteStore(path) as store:
            cache = Cache(store=store)
            for item in ("a", ("b", 1), ("b", 2), 7):
                await cache.call(str, item)
            await cache.invalidate("a")
            await cache.invalidate_where(lambda key: isinstance(key, tuple) and key[0] == "b")
            assert await store.keys() == [7]

    asyncio.run(main())


def test_two_caches_may_use_a_file_at_once(path: Path) -> None:
    async def main() -> None:
        async with SQLiteStore(path) as one, SQLiteStore(path) as other:
            await asyncio.gather(
                *(
                    store.set((name, n), n, inf)
                    for n in range(50)
                    for name, store in pairs(one, other)
                )
            )
            assert len(list(await one.keys())) == 100
            assert await other.get(("one", 49)) == (49, inf)

    def pairs(one: SQLiteStore, other: SQLiteStore) -> list[tuple[str, SQLiteStore]]:
        return [("one", one), ("other", other)]

    asyncio.run(main())


FINITE = st.floats(allow_nan=False, allow_infinity=False)
KEYS = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text() | st.binary(),
    lambda parts: st.lists(parts, max_size=3).map(tuple),
    max_leaves=5,
)
RESULTS = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(), parts, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, RESULTS, max_size=8))
def test_keys_and_results_come_back_as_they_were(results: dict[Any, Any]) -> None:
    """Whatever is accepted is given back, under its key, with its type."""

    async def main() -> None:
        async with SQLiteStore(":memory:") as store:
            for key, result in results.items():
                await store.set(key, result, inf)
            assert set(await store.keys()) == set(results)
            for key, result in results.items():
                assert await store.get(key) == (result, inf)
                await store.delete(key)
                assert await store.get(key) is None

    asyncio.run(main())


def test_what_would_not_come_back_as_it_was_is_refused() -> None:
    async def main() -> None:
        async with SQLiteStore(":memory:") as store:
            with pytest.raises(
                TypeError, match=r"\(1, 2\) comes back as \[1, 2\]; return lists, not"
            ):
                await store.set("key", (1, 2), inf)
            with pytest.raises(TypeError, match="set is not JSON serializable"):
                await store.set("key", {1, 2}, inf)
            with pytest.raises(
                TypeError, match=r"a key must be a string, a number or a tuple of th"
            ):
                await store.set(object(), 1, inf)

    asyncio.run(main())


def test_another_notation_keeps_what_json_does_not() -> None:
    async def main() -> None:
        async with SQLiteStore(":memory:", dumps=repr, loads=eval) as store:
            await store.set("key", {(1, 2)}, inf)
            assert await store.get("key") == ({(1, 2)}, inf)

    asyncio.run(main())


def test_a_store_that_is_not_open_says_so() -> None:
    with pytest.raises(
        RuntimeError, match=r"not open: use `async with SQLiteStore\(…\) as store:`"
    ):
        asyncio.run(SQLiteStore(":memory:").get("key"))


def test_a_file_that_is_no_database_is_an_error_and_leaves_nothing_open(path: Path) -> None:
    path.write_text("not a database, although it is long enough to be looked at as one" * 100)

    async def main() -> None:
        async with SQLiteStore(path):
            raise AssertionError

    with pytest.raises(sqlite3.DatabaseError, match="file is not a database"):
        asyncio.run(main())
