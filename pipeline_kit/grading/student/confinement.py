"""In the student's process, what reaches out of it is refused: files, programs, signals, network.

Else an answer could run the solution instead of being one, or end the grader with a signal. Python
itself asks an audit hook before it does such things (PEP 578), and no hook can be taken back; what
it asks nobody about is taken away (`unasked`). This keeps honest machines tidy and makes cheating
laborious. It is no jail: who grades code of strangers should let the whole of pytest run in a
container.
"""

import os
import sys
from pathlib import Path
from typing import Any

from pipeline_kit.grading.student.unasked import (
    LOADED_ONCE,
    take_away_what_python_asks_nobody_about,
)

_KIT = Path(__file__).parents[2]
_REFUSED = {
    "starts no other program or process": (
        "os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.system "
        "pty.spawn subprocess.Popen"
    ),
    "sends no signals": "fcntl.fcntl fcntl.ioctl os.kill os.killpg signal.pthread_kill",
    "sets no limits": "resource.prlimit resource.setrlimit",
    "uses no network": "socket.bind socket.connect socket.getaddrinfo socket.gethostbyname",
    "opens no files": "sqlite3.connect",
    "starts no other interpreter": "cpython.PyInterpreterState_New",  # which would have no hook
    "changes no files": (
        "os.chmod os.chown os.link os.mkdir os.remove os.rename os.rmdir os.symlink os.truncate "
        "os.utime shutil.copyfile shutil.move shutil.rmtree"
    ),
    "does not look into Python's memory": "gc.get_objects gc.get_referents gc.get_referrers",
}
_ODD = ("..", os.sep + os.sep, f"{os.sep}.{os.sep}")
"""What only a path has that wants to look like another; Python's own import makes none such."""
_FINISHED = ("pipeline", "run", "workers")
"""Modules of the kit that hold what the exercises are about building, besides the patterns."""


def keep_answers_inside() -> None:
    """Have Python refuse, from now on, what reaches out of this process.

    What is refused raises PermissionError, which names it. Modules can still be imported, except
    for the kit's finished `Pipeline`, which is not to be had by reading it again either.
    """
    take_away_what_python_asks_nobody_about()
    events = {event: what for what, names in _REFUSED.items() for event in names.split()}
    if sys.platform == "win32":  # where an event loop needs a connection to itself
        events = {event: what for event, what in events.items() if "socket" not in event}

    # What the hook needs are its defaults, as an answer can get at globals and closures; and none
    # can be changed, as the traceback of a refusal leads to them. It trusts nothing but plain
    # texts: a class derived from `str` may say of itself what it likes.
    def hook(
        event: str,
        given: tuple[Any, ...],
        refused: frozenset[str] = frozenset(events),
        reasons: tuple[tuple[str, str], ...] = tuple(events.items()),
        readable: tuple[str, ...] = _readable(),
        finished: tuple[str, ...] = _finished(),
        odd: tuple[str, ...] = _ODD,
        loaded_once: frozenset[str] = LOADED_ONCE,
        begins: Any = str.startswith,
        text: type = str,
        type_of: Any = type,
        writing: int = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND,
    ) -> None:
        if event in refused:
            for name, what in reasons:
                if name == event:
                    raise PermissionError(f"{event} is refused: an answer {what}")
        if event == "import" and (type_of(given[0]) is not text or given[0] in loaded_once):
            raise ImportError(f"{given[0]!r:.80} is refused: an answer needs no such module")
        if event == "open":
            path, _, flags = given
            inside = type_of(path) is text and begins(path, readable) and not begins(path, finished)
            for part in odd:
                inside = inside and part not in path
            if not inside or flags & writing:
                raise PermissionError(f"{path!r:.80} stays closed: an answer opens no files")

    sys.addaudithook(hook)


def _readable() -> tuple[str, ...]:
    """Return where modules may be read: the kit, and all that is on the path except its parents."""
    folders = [Path(entry) for entry in sys.path if entry]
    elsewhere = [folder for folder in folders if not _KIT.is_relative_to(folder)]
    return tuple(f"{folder}{os.sep}" for folder in [_KIT, *elsewhere])


def _finished() -> tuple[str, ...]:
    """Return how the names of files begin that hold what the exercises are about building."""
    parts = [f"{folder}{name}." for name in _FINISHED for folder in ("", "__pycache__/")]
    return tuple(str(_KIT / name) for name in ["patterns", *parts])
