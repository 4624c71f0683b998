"""In the student's process every clock tells virtual time, so an answer may use any of them."""

import asyncio
import time
from collections.abc import Callable


def let_clocks_tell_virtual_time() -> None:
    """Let the functions of `time` tell the running loop's time, as its own `time()` does.

    Outside of a running loop, and in other threads, they go on to tell the real time.
    """
    for name in ("monotonic", "perf_counter", "time"):
        setattr(time, name, _of_the_loop(getattr(time, name)))


def _of_the_loop(real: Callable[[], float]) -> Callable[[], float]:
    def now() -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return real()

    return now
