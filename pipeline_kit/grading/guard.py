"""Limits the time and the memory of a student's process, and ends it with all that it started."""

import os
import signal
import subprocess
import threading
from contextlib import suppress
from time import monotonic

import psutil  # type: ignore[import-untyped] # psutil comes without types

from pipeline_kit.grading.status import Status

_PYTHON = 100 * 2**20
"""Bytes that the interpreter itself may take."""


class Guard:
    """Watches a process from a thread while a run goes on, and kills it at a limit.

    Args:
        process: the process, which leads a group of its own.
        time_limit: seconds of real time that the run may take.
        memory_limit: bytes that it and its children may take, beyond what Python itself does.
    """

    def __init__(
        self, process: "subprocess.Popen[bytes]", time_limit: float, memory_limit: int
    ) -> None:
        self.verdict: Status | None = None
        """Why the process was killed, None if it was not."""
        self._process = process
        self._deadline = monotonic() + time_limit
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
        while not self._over.wait(0.05):
            if monotonic() > self._deadline:
                self.verdict = Status.TIMEOUT
            elif self._memory_in_use() > self._memory_limit + _PYTHON:
                self.verdict = Status.MEMORY
            if self.verdict:
                kill_group(self._process)
                return

    def _memory_in_use(self) -> int:
        with suppress(psutil.Error):
            me = psutil.Process(self._process.pid)
            return sum(p.memory_info().rss for p in [me, *me.children(recursive=True)])
        return 0


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
