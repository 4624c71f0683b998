"""Servers that know prices, for the example: real processes, real HTTP, and a mood of their own.

    with started("a", "b") as servers:
        async with servers[0].connections() as pool, pool.acquire() as connection:
            price = await connection.get("/price/A17")          # b"219"
        await servers[0].become("failing")
        servers[1].kill()

This file is also the program that each of them runs, so it needs the standard library alone until
it is imported.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline_kit.patterns.object_pool import ObjectPool

Mood = Literal["well", "slow", "failing"]

LOCAL = "127.0.0.1"


class ServerError(Exception):
    """A server answered, but not with what it was asked for."""


class Connection:
    """A connection to a server, for one request after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.is_good = True
        """Whether it can be used again; not, if a request was given up half-way."""

    @classmethod
    async def to(cls, port: int) -> "Connection":
        """Connect to the server at `port` of this machine."""
        return cls(*await asyncio.open_connection(LOCAL, port))

    async def get(self, path: str) -> bytes:
        """Ask for `path` and return the body of the answer.

        Raises:
            OSError: there is no server any more.
            ServerError: the server answers that it failed.
        """
        self.is_good = False
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOCAL}\r\n\r\n".encode())
        try:
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].split()[0])
            body = await self._reader.readexactly(length)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError(f"the server hung up in its answer to {path}") from None
        self.is_good = True
        if " 200 " not in head.splitlines()[0]:
            raise ServerError(f"{path}: {body.decode()}")
        return body

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


class Server:
    """A server in a process of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        # By its path, not with -m, which would import the whole package and take its time.
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE)
        self._port = 0

    @property
    def port(self) -> int:
        """Where it listens; the first to ask waits until it does."""
        if not self._port:
            assert self._process.stdout
            self._port = int(self._process.stdout.readline())
        return self._port

    def connections(self, most: int = 4) -> "ObjectPool[Connection]":
        """Return a pool of connections to it, of `most` at a time."""
        # Imported here because the server's own process does without.
        from pipeline_kit.patterns.object_pool import ObjectPool

        return ObjectPool(
            lambda: Connection.to(self.port),
            max_size=most,
            check=lambda connection: connection.is_good,
            destroy=Connection.close,
        )

    async def become(self, mood: Mood) -> None:
        """Make it answer slowly, or with errors, or well again."""
        connection = await Connection.to(self.port)
        try:
            await connection.get(f"/become/{mood}")
        finally:
            connection.close()

    def kill(self) -> None:
        """End the process at once, whatever it is doing; may be called twice."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


@contextmanager
def started(*names: str) -> Iterator[list[Server]]:
    """Run servers of these names while the block lasts."""
    with ExitStack() as stack:
        servers = [Server(name) for name in names]
        for server in servers:
            stack.callback(server.kill)
        for server in servers:
            _ = server.port
        yield servers


class _Handler(BaseHTTPRequestHandler):
    """Answers `/price/A17` with a price in cents, and `/become/slow` by doing so."""

    protocol_version = "HTTP/1.1"  # which keeps connections
    disable_nagle_algorithm = True
    mood = "well"

    def do_GET(self) -> None:
        """Answer, according to the mood."""
        what, _, which = self.path.strip("/").partition("/")
        if what == "become":
            type(self).mood = which
        elif self.mood == "failing":
            return self._answer(500, "out of order")
        elif self.mood == "slow":
            time.sleep(0.05)
        return self._answer(200, str(price_of(which)) if what == "price" else "")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the name that http.server asks for
        """Say nothing."""


def price_of(article: str) -> int:
    """Return the price of an article such as "A17", in cents."""
    return 100 + 7 * int(article[1:])


if __name__ == "__main__":
    with ThreadingHTTPServer((LOCAL, 0), _Handler) as http_server:
        print(http_server.server_address[1], flush=True)
        http_server.serve_forever()
