"""Virtual time: an event loop whose clock jumps, so that an hour passes in milliseconds.

On this loop nobody sleeps. When no task can go on, the clock is set to the moment of the next
timer, and the run continues at once. So the same program takes the same steps at the same times in
every run, and `asyncio.sleep(3600)` costs no more than `asyncio.sleep(0)`.

    tasks ready? ── yes ──▶ run them
         └─ no ──▶ a timer set? ── yes ──▶ jump to it
                        └─ no ──▶ everyone waits for someone else: deadlock

Computing costs no virtual time: a function that burns a second of CPU takes 0 s here. Work in
threads and executors is waited for in real time while the clock stands still. Sockets and
subprocesses belong to the real clock; here nobody waits for them.
"""

import asyncio
import concurrent.futures
import contextvars
import selectors
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from math import inf, ulp
from time import monotonic
from types import FrameType
from typing import Any, TypeVar, TypeVarTuple, Unpack
from weakref import WeakSet

from pipeline_kit.deadlock import (
    DeadlockError,
    describe_waiting_tasks,
    is_users_own,
    place_of,
)

T = TypeVar("T")
Args = TypeVarTuple("Args")
Ready = list[tuple[selectors.SelectorKey, int]]
Poll = Callable[[float | None], Ready]

__all__ = ["DeadlockError", "StalledError", "VirtualTimeLoop", "run"]


class StalledError(BaseException):
    """Raised when the virtual clock has stood still for too long in real time.

    Some task computes without end. Not an `Exception`, so that an `except Exception` in that
    endless computation does not catch it.
    """


def run(
    main: Callable[[], Coroutine[Any, Any, T]],
    *,
    patience: float = 10.0,
    loop: "VirtualTimeLoop | None" = None,
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
        ValueError: `patience` is 0 or less.
    """
    if not patience > 0:
        raise ValueError(f"patience must be above 0 seconds of real time, got {patience!r}")
    if isinstance(main, Coroutine):
        main.close()
        raise TypeError("main must be a coroutine function, got a coroutine: pass main, not main()")
    loop = loop or VirtualTimeLoop()
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


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer instead of sleeping until then.

    `loop.time()` is in seconds from 0. Timers are kept to the nanosecond, so that ten steps of
    0.1 s end at 1.0 exactly.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._in_executors = 0
        self._waits_for_executors = False
        self._moved_at = monotonic()
        self._given_up = False
        self._watchdogs = WeakSet[asyncio.TimerHandle]()
        self._threads: ThreadPoolExecutor | None = None
        self._task_numbers = count(1)
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual time, in seconds since the loop was made."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule `callback` for the virtual time `when`, in seconds; `inf` never comes."""
        timer = super().call_at(round(when, 9), callback, *args, context=context)
        if when == inf:
            self.add_watchdog(timer)  # or the clock would jump there, and stay for ever
        return timer

    def create_task(self, coro: Any, *, name: Any = None, **options: Any) -> asyncio.Task[Any]:
        """Make a task. Those without a name are numbered in each run anew, so reports are alike."""
        name = name or f"Task-{next(self._task_numbers)}"
        return super().create_task(coro, name=name, **options)

    def add_watchdog(self, timer: asyncio.TimerHandle) -> None:
        """Take `timer` for one that ends what takes too long, and for nothing to wait for.

        With no timers but such ones left every task waits for another one, so that is a deadlock,
        and reported at once.
        """
        self._watchdogs.add(timer)

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[Args]], T],
        *args: *Args,
    ) -> asyncio.Future[T]:
        """Run `func` in `executor`; until it is done, the virtual clock stands still."""
        if executor is None:
            executor = self._threads = self._threads or ThreadPoolExecutor()
        future = super().run_in_executor(executor, func, *args)
        self._in_executors += 1
        future.add_done_callback(self._executor_is_done)
        return future

    def close(self) -> None:
        """Close the loop, after the threads it started have ended."""
        if self._threads:
            self._threads.shutdown(cancel_futures=True)
        super().close()

    def stood_still_for(self) -> float:
        """Return for how many seconds of real time the clock has not moved without good reason."""
        return 0.0 if self._waits_for_executors else monotonic() - self._moved_at

    def give_up(self) -> None:
        """Make the run end with a `StalledError` as soon as the loop has control again."""
        self._given_up = True
        self.set_exception_handler(lambda loop, context: None)  # the StalledError says it all

    def _executor_is_done(self, _: "asyncio.Future[Any]") -> None:
        self._in_executors -= 1

    def _next_event(self, timeout: float | None, poll: "Poll") -> "Ready":
        """Do what a selector does, except that waiting for a timer takes no time."""
        if self._given_up:
            self._given_up = False  # once is enough; the clean-up that follows may use the loop
            raise StalledError
        if self._in_executors:
            self._waits_for_executors = timeout != 0
            ready = poll(timeout and None)  # None: wait for an executor, however long it takes
            self._waits_for_executors = False
            self._moved_at = monotonic()
            return ready
        if timeout is None or (timeout > 0 and self._has_only_watchdogs()):
            waiting = describe_waiting_tasks(self)
            raise DeadlockError(f"at {self._now} s every task waits for another one:\n{waiting}")
        if timeout > 0:
            # The heap of timers is private to asyncio, but the same in all versions; its first
            # timer is not cancelled, or asyncio would have removed it before asking.
            self._now = self._scheduled[0].when()  # type: ignore[attr-defined] # as said above
            self._clock_resolution = ulp(self._now)  # only what is due exactly now is due
            self._moved_at = monotonic()
        return []

    def _has_only_watchdogs(self) -> bool:
        timers = self._scheduled  # type: ignore[attr-defined] # as said above
        return timers[0] in self._watchdogs and all(
            timer in self._watchdogs or timer.cancelled() for timer in timers
        )


class _JumpingSelector(selectors.DefaultSelector):
    """Asks its loop what to do where a real selector would sleep."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> "Ready":
        return self._loop._next_event(timeout, super().select)


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
