"""SQLite store: results of a `Cache` in a file, so that they survive a restart.

    async with SQLiteStore("results.db") as store:
        Stage(fetch, layers=[Cache(ttl=3600, store=store)])

SQLite keeps the file whole whatever happens to the process. Several processes may use it at once.
Results are kept as JSON, so whoever can write the file can put wrong results there but no code.
Keys are kept in the notation of Python, and read as literals.

Needs the package `aiosqlite`. Its thread is waited for in real time only: on the virtual clock use
a store of your own, with the same four methods.
"""

import json
from ast import literal_eval
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any, Self

try:
    import aiosqlite
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "pipeline_kit.patterns.sqlite_store needs the package aiosqlite: pip install aiosqlite"
    ) from missing

_SET_UP = """
    PRAGMA journal_mode = WAL;     -- readers and a writer do not wait for each other
    PRAGMA synchronous = NORMAL;   -- after a power cut the latest results may be gone, no more
    PRAGMA busy_timeout = 5000;    -- milliseconds to wait for another process that writes
    CREATE TABLE IF NOT EXISTS results (
        key TEXT PRIMARY KEY,
        result TEXT NOT NULL,
        expires REAL NOT NULL      -- seconds since 1970, as only that clock survives a restart
    ) WITHOUT ROWID;
"""


class SQLiteStore:
    """A store for `Cache(store=…)` in an SQLite file, open inside its `async with` block.

    Results that have expired are deleted when the file is opened.

    Args:
        path: the file; made if there is none.
        dumps: turns a result into a string; by default into JSON.
        loads: turns it back.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        dumps: Callable[[Any], str] = json.dumps,
        loads: Callable[[str], Any] = json.loads,
    ) -> None:
        self.path = path
        self._dumps = dumps
        self._loads = loads
        self._connection: aiosqlite.Connection | None = None

    async def __aenter__(self) -> Self:
        self._connection = await aiosqlite.connect(self.path, isolation_level=None)
        try:
            await self._connection.executescript(_SET_UP)
            await self._execute("DELETE FROM results WHERE expires <= ?", time())
        except BaseException:
            await self._connection.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()

    async def get(self, key: Hashable) -> tuple[Any, float] | None:
        """Return the result for `key` and the seconds until it expires, or None."""
        rows = await self._execute("SELECT result, expires FROM results WHERE key = ?", _text(key))
        for result, expires in rows:
            if expires > time():
                return self._loads(result), expires - time()
        return None

    async def set(self, key: Hashable, result: Any, ttl: float) -> None:
        """Keep `result` for `ttl` seconds.

        Raises:
            TypeError: `result` or `key` does not come back as it was.
        """
        text = self._dumps(result)
        if self._loads(text) != result:
            raise TypeError(
                f"a result must come back as it was, but {result!r:.200} comes back as "
                f"{self._loads(text)!r:.200}; return lists, not tuples, or pass dumps and loads"
            )
        sql = "INSERT OR REPLACE INTO results VALUES (?, ?, ?)"
        await self._execute(sql, _text(key), text, time() + ttl)

    async def delete(self, key: Hashable) -> None:
        """Forget the result for `key`, if there is one."""
        await self._execute("DELETE FROM results WHERE key = ?", _text(key))

    async def keys(self) -> Iterable[Hashable]:
        """Return the keys of all results that have not expired."""
        rows = await self._execute("SELECT key FROM results WHERE expires > ?", time())
        return [literal_eval(key) for (key,) in rows]

    async def _execute(self, sql: str, *values: Any) -> Iterable[Any]:
        if self._connection is None:
            raise RuntimeError("this store is not open: use `async with SQLiteStore(…) as store:`")
        rows: Iterable[Any] = await self._connection.execute_fetchall(sql, values)
        return rows


def _text(key: Hashable) -> str:
    """Write a key so that it can be read back: a string, number, None or a tuple of those."""
    text = repr(key)
    try:
        same = literal_eval(text) == key
    except (ValueError, SyntaxError):
        same = False
    if not same:
        raise TypeError(
            f"a key must be a string, a number or a tuple of those to be stored, got {key!r:.200}; "
            "pass key=… to the cache"
        )
    return text
