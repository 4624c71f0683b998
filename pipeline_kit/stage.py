"""A stage: a function, how many workers call it, and the buffer in front of it.

           ┌──────────── stage "parse" ────────────┐
    ──▶ [ buffer ] ──▶ worker 0: result = parse(item) ──▶ buffer of the next stage
                   └─▶ worker 1: result = parse(item) ──┘

A stage only describes; `Pipeline` wires stages together and runs them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from enum import Enum
from typing import Any, Final

from pipeline_kit.callbacks import check_plain
from pipeline_kit.channel import Channel, check_capacity
from pipeline_kit.errors import StageError
from pipeline_kit.executor import check_function
from pipeline_kit.layer import Layer
from pipeline_kit.routing import Route, check_route
from pipeline_kit.whole_numbers import check_whole


class _Filtered(Enum):
    FILTERED = "filtered"


FILTERED: Final = _Filtered.FILTERED
"""What a stage's function returns instead of a result if the item is to go no further.

That is no failure: the item is done, and counted as filtered. It is an enumeration's member because
those come back from another process as the same object.
"""


class Stage:
    """One step of a pipeline.

    Args:
        function: called with one item, returns one result, or `FILTERED` for none; plain or
            async. A plain function runs on the event loop, so it should be short or have an
            `executor`.
        name: how errors and pictures call the stage; by default the function's name.
        workers: how many items are worked on at the same time.
        buffer: capacity of the channel in front of the stage, in items; 0 is a rendezvous.
        ordered: whether results leave in the order in which their items came. With several workers
            a slow item then holds back those that overtook it, one per worker at most.
        executor: where to run a plain function: threads, processes, or any other
            `concurrent.futures.Executor`. It remains the caller's to shut down.
        layers: what is wrapped around each call, outermost first, such as a `Retry` and inside it
            a `Timeout`. A layer may be shared by several stages.
        channel: makes the channel in front of the stage, anew for each run, in place of a plain
            one with that `buffer`: `lambda: OverflowChannel(100, overflow="drop_oldest")`.
        route: gives each worker a channel of its own, with that `buffer`, and chooses the one that
            an item goes to, such as `partition_by(key)`; each worker keeps the order of its items.
            By default all workers take from one channel: the first free one gets the next item.
        on_error: what to do when the function fails on an item; called with the `StageError`. If
            it returns, the item is skipped and the error is added to `run.errors`; if it raises,
            the run fails. By default every error fails the run.

    Raises:
        TypeError: `function`, `channel`, `route` or `on_error` cannot be called as it would be,
            `layers` is no sequence of layers, `executor` is no executor, `function` is async
            although there is one, or `on_error` is async.
        ValueError: `workers` is below 1, or `buffer` below 0, or there is a `channel` as well; or
            there is a `route`, and a `channel` or `ordered` as well.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        name: str | None = None,
        workers: int = 1,
        buffer: float = 0,
        ordered: bool = False,
        executor: Executor | None = None,
        layers: Sequence[Layer] = (),
        channel: Callable[[], Channel[Any]] | None = None,
        route: Route | None = None,
        on_error: Callable[[StageError], object] | None = None,
    ) -> None:
        check_function(function, executor)
        _check_layers(layers)
        check_whole("workers", workers)
        if channel is not None and not callable(channel):
            raise TypeError(f"channel must be a function that makes a channel, got {channel!r}")
        if channel is not None and buffer:
            raise ValueError(f"with a channel of its own a stage has no buffer, got {buffer!r}")
        if route is not None:
            check_route(route)
        if route is not None and (channel is not None or ordered):
            raise ValueError(
                "with a route each worker has a plain channel and an order of its own: leave out "
                "channel and ordered, or leave out the route"
            )
        if on_error is not None:
            check_plain("on_error", on_error, takes="one StageError")
        check_capacity("buffer", buffer)
        self.function = function
        self.name = name or str(getattr(function, "__name__", type(function).__name__))
        self.workers = workers
        self.buffer = buffer
        self.ordered = ordered
        self.executor = executor
        self.layers = tuple(layers)
        self.channel = channel
        self.route = route
        self.on_error = on_error

    def __repr__(self) -> str:
        return f"Stage({self.name!r}, workers={self.workers}, buffer={self.buffer})"


def _check_layers(layers: Sequence[Layer]) -> None:
    if not isinstance(layers, Sequence):
        raise TypeError(
            f"layers must be a list of layers, got {layers!r}; if it is one, put it in []"
        )
    for layer in layers:
        if isinstance(layer, type):
            raise TypeError(f"a layer must be made, got the class: {layer.__name__}(…)")
        if not callable(getattr(layer, "call", None)):
            raise TypeError(f"a layer needs a method call(function, item), got {layer!r}")
