"""The student's process ends when the grader is gone: killed, or its kernel restarted.

What takes too long is ended by the grader. Were that killed itself, an answer in an endless loop
would keep a processor busy for ever; any other hears of it by the end of its input.
"""

import os
import threading

_PAUSE = 1.0
"""Seconds of real time from one look to the next."""


def end_with_the_grader() -> None:
    """Watch the grader from a thread, and end this process when it is gone."""
    threading.Thread(target=_watch, args=[os.getppid()], name="orphans", daemon=True).start()


def _watch(grader: int) -> None:
    pause = threading.Event()
    while os.getppid() == grader:  # a process that has lost its parent gets another; not on Windows
        pause.wait(_PAUSE)
    os._exit(1)
