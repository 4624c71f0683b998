"""Hold a pipeline back at its source, so that it drains while it is paused and loses nothing."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from inspect import isasyncgen, isgenerator
from typing import Any

from pipeline_kit.workers import Source


async def hold_back(source: Source, go: asyncio.Event) -> AsyncIterator[Any]:
    """Yield the items of `source`, but none while `go` is not set.

    A source that is a generator is closed with this one.
    """
    try:
        if isinstance(source, AsyncIterable):
            async for item in source:
                if not go.is_set():
                    await go.wait()
                yield item
        else:
            for item in source:
                if not go.is_set():
                    await go.wait()
                yield item
    finally:
        if isasyncgen(source):
            await source.aclose()
        elif isgenerator(source):
            source.close()
