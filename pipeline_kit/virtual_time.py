"""Virtual time: an event loop whose clock jumps, so that an hour passes in milliseconds.

On this loop nobody sleeps. When no task can go on, the clock is set to the moment of the next
timer, and the run continues at once. So the same program takes the same steps at the same times in
every run, and `asyncio.sleep(3600)` costs no more than `asyncio.sleep(0)`.

    tasks ready? ── yes ──▶ run them
         └─ no ──▶ a timer set? ── yes ──▶ jump to it
                        └─ no ──▶ everyone waits for someone else: deadlock

Computing costs no virtual time: a function that burns a second of CPU takes 0 s here. Work that the
loop hands to an executor, as `asyncio.to_thread` and `Stage(executor=…)` do, is waited for in real
time while the clock stands still. Sockets, subprocesses and threads of your own belong to the real
clock; here nobody waits for them.
"""

import asyncio
import concurrent.futures
import contextvars
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

from pipeline_kit.deadlock import DeadlockError, describe_waiting_tasks, is_users_own, place_of
from pipeline_kit.virtual_loop import StalledError, VirtualTimeLoop

__all__ = ["DeadlockError", "StalledError", "VirtualTimeLoop", "run"]

T = TypeVar("T")


def run(
    main: Callable[[], Coroutine[Any, Any, T]],
    *,
    patience: float = 10.0,
    loop: VirtualTimeLoop | None = None,
) -> T:
    """Run the coroutine function `main` on a virtual clock that starts at 0; return its result.

    The loop gets a thread of its own and the caller waits for it, so this works in a notebook too,
    where a loop is running already.

    Args:
        main: a function without arguments that returns a coroutine.
        patience: seconds of real time the clock may stand still before the run is given up, or
            `math.inf`; work in executors does not count.
        loop: the loop to run on, which is closed at the end; by default a new one.

    Raises:
        DeadlockError: every task waits and no timer is set; names who waits for what.
        StalledError: the clock has stood still for `patience` seconds; names the place.
        TypeError: `main` is a coroutine, instead of the function that makes it.
        ValueError: `patience` is 0 or less, or `loop` is closed.
    """
    if not patience > 0:
        raise ValueError(f"patience must be above 0 seconds of real time, got {patience!r}")
    if isinstance(main, Coroutine):
        main.close()
        raise TypeError("main must be a coroutine function, got a coroutine: pass main, not main()")
    loop = loop or VirtualTimeLoop()
    if loop.is_closed():
        raise ValueError(f"loop must be a new one for each run, got {loop!r}")
    outcome: Future[T] = Future()
    thread = threading.Thread(
        target=contextvars.copy_context().run,
        args=(_run_to_the_end, loop, main, outcome),
        name="virtual time",
        daemon=True,
    )
    thread.start()
    try:
        while not outcome.done():
            left = patience - loop.stood_still_for()
            if left <= 0:
                raise StalledError(_describe_stall(loop, thread, patience))
            concurrent.futures.wait([outcome], timeout=min(left, threading.TIMEOUT_MAX))
    except BaseException:  # also Ctrl-C: never leave the loop running behind
        _stop(loop, thread)
        raise
    thread.join()
    return outcome.result()


def _run_to_the_end(
    loop: VirtualTimeLoop, main: Callable[[], Coroutine[Any, Any, T]], outcome: "Future[T]"
) -> None:
    with suppress(StalledError):  # whoever stops the run raises its own
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                result = runner.run(main())
        except BaseException as error:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)


def _describe_stall(loop: VirtualTimeLoop, thread: threading.Thread, patience: float) -> str:
    frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
    while frame and not is_users_own(frame):
        frame = frame.f_back
    # No such frame: some task awaits again and again, but nothing that takes time.
    place = f"at {place_of(frame)}" if frame else f"with:\n{describe_waiting_tasks(loop)}\n"
    return (
        f"the virtual clock has stood at {loop.time()} s for {patience} s of real time; "
        f"the run is busy {place}. An endless loop? A loop needs an await that takes time, "
        "such as asyncio.sleep or receiving an item; for a long computation, raise `patience`"
    )


def _stop(loop: VirtualTimeLoop, thread: threading.Thread) -> None:
    """End the loop's thread, even out of an endless loop; give up after a second (a C call)."""
    import ctypes  # seldom needed, and slow to import

    loop.give_up()
    thread.join(0.05)
    for _ in range(10):
        if not thread.is_alive():
            return
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(StalledError)
        )
        thread.join(0.1)
