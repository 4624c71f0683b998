"""Adaptive limit: as much load as the other side can take, found out while it runs.

A fixed rate is a guess: too high and the server falls over, too low and its capacity lies idle; and
the right number changes with every release. So the limit follows what the calls report. While they
succeed quickly it grows, and when they fail or slow down it shrinks.

    Stage(fetch, workers=100, layers=[AdaptiveRateLimit(AIMD())])

What is limited is how many calls are in flight. By Little's law (calls in flight = rate × latency)
that limits their rate too, and by itself: when each call takes twice as long, half as many begin.

How it follows is up to an algorithm, of which there are two in `limits`: `AIMD`, which probes until
something breaks, a little, and `Gradient`, which backs off as soon as latency tells of a queue.

The limit grows only while it is the bottleneck, that is while at least half of it is used. A limit
that grew during a quiet night would be none in the morning.
"""

import asyncio
from typing import Any, Protocol

from pipeline_kit.layer import Function, invoke
from pipeline_kit.patterns.exception_types import ExceptionTypes, as_exceptions
from pipeline_kit.patterns.places import Places


class Algorithm(Protocol):
    """Decides on a limit: `limits.AIMD`, `limits.Gradient`, or one of your own."""

    limit: float
    """Calls that may be in flight; its whole part counts."""

    def update(self, latency: float, in_flight: int, *, overloaded: bool) -> None:
        """Adapt `limit` to a call that has ended.

        Args:
            latency: seconds that the call took.
            in_flight: calls in flight when it began, itself included.
            overloaded: whether it failed in a way that says "too much".
        """


class AdaptiveRateLimit:
    """A layer that limits the calls in flight, first come, first served, and adapts the limit.

    The stage needs as many workers as the limit may allow, or the limit is not the bottleneck.

    Args:
        algorithm: decides on the limit; not to be shared, it belongs to this layer.
        overload_errors: exceptions that mean "too much", such as timeouts and refusals. Others,
            like cancellations, say nothing about the load and change nothing.

    Raises:
        TypeError: `algorithm` has no `limit` or no `update`, or `overload_errors` are no
            `Exception`s.
    """

    def __init__(
        self,
        algorithm: Algorithm,
        *,
        overload_errors: ExceptionTypes = Exception,
    ) -> None:
        if not hasattr(algorithm, "limit") or not callable(getattr(algorithm, "update", None)):
            raise TypeError(
                "algorithm must have a limit and a method update, such as AIMD() or Gradient(), "
                f"got {algorithm!r}"
            )
        self._algorithm = algorithm
        self._overload_errors = as_exceptions("overload_errors", overload_errors)
        self._places = Places(lambda: self.limit)

    @property
    def limit(self) -> int:
        """How many calls may be in flight at this moment."""
        return int(self._algorithm.limit)

    @property
    def in_flight(self) -> int:
        """How many calls are; for a while more than may be, when the limit has just shrunk."""
        return self._places.taken

    @property
    def waiting(self) -> int:
        """How many calls wait for their turn."""
        return len(self._places.line)

    async def call(self, function: Function, item: Any) -> Any:
        """Call `function` with `item` once the limit allows; learn from how it goes."""
        loop, places = asyncio.get_running_loop(), self._places
        if places.line or places.taken >= int(self._algorithm.limit):
            await places.wait()
        else:
            places.taken += 1
        start, in_flight = loop.time(), places.taken
        try:
            result = await invoke(function, item)
        except self._overload_errors:
            self._algorithm.update(loop.time() - start, in_flight, overloaded=True)
            raise
        else:
            self._algorithm.update(loop.time() - start, in_flight, overloaded=False)
            return result
        finally:
            places.give_back()
