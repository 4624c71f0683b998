"""The grader's handle on a student's process: starts it, talks to it, limits it, kills it.

One process serves one run after the other, because starting Python takes longer than a run. A run
that hangs, uses up the memory, crashes or tampers takes its process with it, and the next run gets
a fresh one.
"""

import os
import re
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from pipeline_kit.grading.process.distrust import TamperedError, check_numbers, parse
from pipeline_kit.grading.process.guard import Guard, kill_group
from pipeline_kit.grading.process.protocol import (
    LONGEST_LINE,
    Ended,
    Order,
    encode,
    encode_reply,
)
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.worlds.play import Play

TIME_LIMIT = 2.0
"""Seconds of processor time that a run may take, or that it may stand still. An honest one takes a
few hundredths; how busy the machine is besides does not matter."""
MEMORY_LIMIT = 512 * 2**20
"""Bytes of memory that the student's process may take beyond what Python itself needs."""

_ENVIRONMENT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
"""What Python needs to start; the rest may hold what is none of an answer's business."""
_ROOT = Path(__file__).parents[3]
_START = """\
import sys
sys.path.insert(0, sys.argv[1])
from pipeline_kit.grading.student.runner import main
main(int(sys.argv[2]))
"""


class ProcessLostError(Exception):
    """Raised when a run cannot go on because its process is gone; says how it ended, and where."""

    def __init__(self, status: Status, line: int = 0, detail: str = "") -> None:
        super().__init__(status, line, detail)
        self.status = status
        self.line = line
        """The line of the answer that was being executed; 0 if that is not known."""
        self.detail = detail


class StudentProcess:
    """A process in which answers are run; use it as a context manager.

    Args:
        time_limit: seconds of processor time that a run may take, or that it may stand still.
        memory_limit: bytes of memory that the process may take beyond its own.
    """

    def __init__(self, *, time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> None:
        self.time_limit = time_limit
        self.memory_limit = memory_limit
        self._process: subprocess.Popen[bytes] | None = None
        self._belongings = ExitStack()

    def __enter__(self) -> "StudentProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process, if it is not running, without waiting until it is ready."""
        if self._process is None:
            stderr = tempfile.TemporaryFile()  # noqa: SIM115 - the stack closes it
            self._stderr = self._belongings.enter_context(stderr)
            folder = tempfile.TemporaryDirectory(prefix="answer-", ignore_cleanup_errors=True)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(_ROOT), str(self.memory_limit)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                cwd=self._belongings.enter_context(folder),
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                start_new_session=True,  # so that whatever it starts can be killed with it
            )

    def perform(self, order: Order, play: Play) -> Ended:
        """Run an answer in a world.

        Raises:
            ProcessLostError: the run was stopped, or its process crashed or tampered.
        """
        self.start()
        assert self._process is not None
        with Guard(self._process, self.time_limit, self.memory_limit) as guard:
            try:
                ended = self._converse(self._process, order, play)
                if ended.threads:  # which would take the next run's time
                    self.kill()
                return ended
            except (TamperedError, OSError, EOFError) as error:
                guard.verdict = guard.verdict or _blame(error)
                detail = str(error)
        kill_group(self._process)
        self._process.wait()
        line = self._last_line_seen()
        self.kill()
        raise ProcessLostError(guard.verdict, line, detail)

    def kill(self) -> None:
        """Kill the process and all that it has started."""
        if self._process:
            kill_group(self._process)
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(OSError):
                    pipe and pipe.close()
            self._process.wait()
            self._process = None
            self._belongings.close()

    def _converse(self, process: "subprocess.Popen[bytes]", order: Order, play: Play) -> Ended:
        assert process.stdin
        assert process.stdout
        process.stdin.write(encode("order", asdict(order)))
        process.stdin.flush()
        highest = 0
        while True:
            line = process.stdout.readline(LONGEST_LINE)
            if not line:
                raise EOFError("the process ended")
            if not line.endswith(b"\n"):
                raise TamperedError("a line is too long or not whole")
            message = parse(line, order)
            highest = check_numbers(message.requests, highest)
            if isinstance(message, Ended):
                play.note(message.requests)
                return message
            process.stdin.write(encode_reply(play.answer(message)))
            process.stdin.flush()

    def _last_line_seen(self) -> int:
        """Return the line of the answer in the last traceback that the process has written."""
        self._stderr.seek(0)
        text = self._stderr.read(10**6).decode(errors="replace")
        last = re.split(r"^(?:Timeout|Fatal Python error)", text, flags=re.MULTILINE)
        place = re.search(r'File "your answer", line (\d+)', last[-1]) if len(last) > 1 else None
        return int(place[1]) if place else 0


def _blame(error: Exception) -> Status:
    return Status.TAMPERED if isinstance(error, TamperedError) else Status.CRASHED
