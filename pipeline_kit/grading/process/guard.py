"""Limits the time and the memory of a student's process, and ends it with all that it started."""

import os
import signal
import subprocess
import threading
from contextlib import suppress

import psutil  # type: ignore[import-untyped] # psutil comes without types

from pipeline_kit.grading.status import Status

_PYTHON = 100 * 2**20
"""Bytes that the interpreter itself may take."""
_TICK = 0.05
"""Seconds from one look at the process to the next."""
_PATIENCE = 10
"""How many times its time limit a run may last, if it does a little all the time."""


class Guard:
    """Watches a process from a thread while a run goes on, and kills it at a limit.

    Args:
        process: the process, which leads a group of its own.
        time_limit: seconds of processor time that the run may take, or that it may stand still.
        memory_limit: bytes that it and its children may take, beyond what Python itself does.
    """

    def __init__(
        self, process: "subprocess.Popen[bytes]", time_limit: float, memory_limit: int
    ) -> None:
        self.verdict: Status | None = None
        """Why the process was killed, None if it was not."""
        self._process = process
        self._time_limit = time_limit
        self._memory_limit = memory_limit
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def __enter__(self) -> "Guard":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        if self._over.wait(_TICK):
            return  # as most runs end before: a look takes a millisecond, a fifth of such a run
        begun = before = self._usage()[0]
        # Counted in looks of this thread: on a busy machine it is kept waiting as the answer is.
        still = lasted = 0.0
        while not self._over.wait(_TICK):
            used, memory = self._usage()
            lasted += _TICK
            still = still + _TICK if used == before else 0.0
            before = used
            if max(used - begun, still, lasted / _PATIENCE) > self._time_limit:
                self.verdict = Status.TIMEOUT
            elif memory > self._memory_limit + _PYTHON:
                self.verdict = Status.MEMORY
            if self.verdict:
                kill_group(self._process)
                return

    def _usage(self) -> tuple[float, int]:
        """Return the seconds of processor time and the bytes that process and children take."""
        seconds, memory = 0.0, 0
        with suppress(psutil.Error, OSError):  # a guard that stumbles would guard no more
            me = psutil.Process(self._process.pid)
            for process in (me, *me.children(recursive=True)):
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss
        return seconds, memory


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, its children, and whatever else is in its group."""
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                child.kill()
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
