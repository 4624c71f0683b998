"""Takes away the functions that reach out of a process although Python asks no audit hook first."""

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

_TAKEN_AWAY = {
    "starts no other program or process": "_posixsubprocess.fork_exec",
    "sends no signals": "signal.pidfd_send_signal",
    "sets no limits": "os.setpriority os.sched_setaffinity os.sched_setscheduler os.sched_setparam",
    "changes no files": "os.mkfifo os.mknod",
    "loads no module anew": "_imp.create_builtin",
}
LOADED_ONCE = frozenset(
    {"_curses", "_dbm", "_gdbm", "_posixshmem", "_tkinter", "readline"}  # use files by themselves
    | {"_posixsubprocess", "_signal", "nt", "posix"}  # would bring back what has been taken away
    | {"_ctypes"}  # writes anywhere in memory
    | {"_interpreters", "_testcapi", "_testinternalcapi", "_xxsubinterpreters"}  # know no hooks
)
"""Modules that an answer may not load, if the grader has not done so."""


def take_away_what_python_asks_nobody_about() -> None:
    """Replace these functions, wherever a module holds one, by what raises PermissionError."""
    for name in set(sys.builtin_module_names) - LOADED_ONCE:
        with suppress(ImportError):
            import_module(name)  # as from here on none can be loaded
    refusals: dict[int, Callable[..., Any]] = {}
    for what, names in _TAKEN_AWAY.items():
        for name in names.split():
            module, _, function = name.rpartition(".")
            with suppress(ImportError, AttributeError):  # each platform lacks some
                refusals[id(getattr(import_module(module), function))] = _refusal(name, what)
    for holder in list(sys.modules.values()):
        for key, value in list(getattr(holder, "__dict__", {}).items()):
            if id(value) in refusals:
                setattr(holder, key, refusals[id(value)])


def _refusal(name: str, what: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(f"{name} is refused: an answer {what}")

    return refuse
