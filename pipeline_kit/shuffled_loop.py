"""A virtual-time loop on which tasks take turns in a random order, as they may on any loop."""

import asyncio
import contextvars
from collections.abc import Callable
from random import Random
from typing import TypeVarTuple, Unpack

from pipeline_kit.virtual_loop import Poll, Ready, VirtualTimeLoop

Args = TypeVarTuple("Args")


class ShuffledLoop(VirtualTimeLoop):
    """A virtual-time loop on which tasks that are ready go on in a random order.

    Args:
        random: decides; equal seeds give equal schedules.
        jitter: how much longer than asked for a delay may last, as a share of it.
    """

    def __init__(self, random: Random, jitter: float = 0.0) -> None:
        self._random, self._jitter = random, jitter
        self.steps = 0
        """How many steps tasks have taken so far."""
        super().__init__()

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule `callback` for the virtual time `when`, in seconds, or somewhat later."""
        late = max(0.0, when - self.time()) * self._jitter * self._random.random()
        return super().call_at(when + late, callback, *args, context=context)

    def _next_event(self, timeout: float | None, poll: Poll) -> Ready:
        self._shuffle()
        return super()._next_event(timeout, poll)

    def _shuffle(self) -> None:
        # The queue of what is ready is private to asyncio, but the same in all versions.
        ready = self._ready  # type: ignore[attr-defined] # as said above
        # Only tasks are shuffled: asyncio itself counts on the order of its other callbacks.
        places = [place for place, handle in enumerate(ready) if _is_step_of_a_task(handle)]
        steps = [ready[place] for place in places]
        self._random.shuffle(steps)
        for place, step in zip(places, steps, strict=True):
            ready[place] = step
        self.steps += len(steps)


def _is_step_of_a_task(handle: asyncio.Handle) -> bool:
    callback = handle._callback  # type: ignore[attr-defined] # private too; asyncio tells it the same way
    return isinstance(getattr(callback, "__self__", None), asyncio.Task)
