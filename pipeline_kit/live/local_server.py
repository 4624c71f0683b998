"""A server on this machine that really fails, for pipelines that ask over a real connection.

    server = await LocalServer(delay=0.02).start()
    await server.ask("tea")      # a request over TCP, answered after 0.02 s
    server.delay = 60            # from now on it hangs
    server.failing = 0.5         # and half of what it answers are errors
    await server.stop()          # nobody listens any more: ConnectionRefusedError
    await server.start()         # again, at the same port

It answers on 127.0.0.1 only, and speaks enough HTTP for a browser to open its `url`. It runs as
tasks of the event loop: there is no thread, and nothing is left when it has stopped.
"""

import asyncio
import random
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote

HOST = "127.0.0.1"


class ServerError(Exception):
    """The server has answered, but with an error."""


class LocalServer:
    """A server that can be slow, fail, hang, be stopped and started again, while it is asked.

    Args:
        name: how its answers and errors call it.
        delay: seconds that it takes for an answer.
        failing: share of the answers that are errors, from 0 to 1.
        seed: decides which of them are.

    Raises:
        ValueError: `delay` is below 0, or `failing` is not between 0 and 1.
    """

    def __init__(
        self, name: str = "server", *, delay: float = 0.0, failing: float = 0.0, seed: int = 0
    ) -> None:
        if not delay >= 0:
            raise ValueError(f"delay must be 0 seconds or more, got {delay!r}")
        if not 0 <= failing <= 1:
            raise ValueError(f"failing must be a share from 0 to 1, got {failing!r}")
        self.name = name
        self.delay = delay
        """Seconds that an answer takes; may be changed at any time, for requests that come then."""
        self.failing = failing
        """Share of the answers that are errors; may be changed at any time."""
        self.asked = 0
        """Requests that have reached it so far."""
        self._random = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._port = 0  # any that is free, at first
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    @property
    def url(self) -> str:
        """The address at which it listens, or has listened."""
        return f"http://{HOST}:{self._port}"

    async def start(self) -> Self:
        """Listen, if it does not yet; the port stays the same from the first time on."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, HOST, self._port)
            self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Stop listening, and hang up on whoever waits for an answer."""
        server, self._server = self._server, None
        if server:
            server.close()
            for task in self._answering:
                task.cancel()
            if self._answering:
                await asyncio.wait(self._answering)
            await server.wait_closed()

    async def ask(self, question: object) -> str:
        """Send a request for `question` to the server, on a connection of its own.

        Raises:
            ConnectionError: nobody listens, or the server has hung up.
            ServerError: the answer is an error.
        """
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            writer.write(f"GET /{quote(str(question))} HTTP/1.0\r\n\r\n".encode())
            head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        finally:
            writer.close()
        if not head:
            raise ConnectionResetError(f"{self.name} has hung up")
        if not head.startswith("HTTP/1.0 200 "):
            raise ServerError(body)
        return body

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        try:
            # Who is asked may be stopped, and who asks may have gone: then there is no answer.
            with suppress(ConnectionError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, path, *_ = (*(await reader.readline()).decode().split(), "", "")
        self.asked += 1
        await asyncio.sleep(self.delay)
        question = unquote(path.removeprefix("/"))
        status, body = "200 OK", f"{self.name} on {question}"
        if self._random.random() < self.failing:
            status, body = "500 Internal Server Error", f"{self.name} has failed on {question}"
        head = f"HTTP/1.0 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
