"""Where a run is started: on which loop, and from which cell, whose last run it then replaces."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from IPython.core.getipython import get_ipython

from pipeline_kit.live.simulate import Make

_unfinished: dict[str, set[asyncio.Task[None]]] = {}
"""The runs that have been started from each place and have not ended."""


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that is running.

    Raises:
        RuntimeError: none is.
    """
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "watch needs a running event loop, as every notebook has one; "
            "in a script, call it from a coroutine: asyncio.run(main())"
        ) from None


def place_of(make: Make) -> str:
    """Return the id of the cell that is running, where it has one, or else the name of `make`."""
    parent: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    cell = parent.get("metadata", {}).get("cellId")
    return str(cell or f"{make.__module__}.{make.__qualname__}")


def start_at(
    place: str,
    loop: asyncio.AbstractEventLoop,
    start: Callable[[], Coroutine[Any, Any, None]],
) -> asyncio.Task[None]:
    """Return a task that stops all runs of a place, waits until they have ended, and starts one.

    Args:
        place: as of `place_of`.
        loop: the loop to run on.
        start: called when the others have ended; what it returns is awaited.
    """
    others = _unfinished.setdefault(place, set())
    task = loop.create_task(_start_after(frozenset(others), start), name="live run")
    others.add(task)
    task.add_done_callback(others.discard)
    return task


async def _start_after(
    others: frozenset[asyncio.Task[None]], start: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    for other in others:
        other.cancel()
    if others:
        await asyncio.wait(others)
    await start()
