"""A student's progress: what came of each check, in one small file beside the exercises.

The file is a log: every check adds a line of JSON, and none is ever changed. So two notebooks may
write at the same time, what cannot be read (half a line, another version's) is passed over without
harm to the rest, and the folder can be taken to another machine. It is not meant for git.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report

FILE = ".progress.jsonl"
"""Name of the file, in the folder of the exercises."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one check of an exercise."""

    exercise: str
    """Name of its notebook without `.ipynb`."""
    status: Status
    points: float
    seed: int
    """What its parameters were drawn from."""
    when: str
    """Date and time, as in `2026-11-24T11:30:00+00:00`."""


def record(folder: Path, exercise: str, report: Report) -> None:
    """Add a verdict to the progress kept in `folder`.

    Raises:
        OSError: the file cannot be written.
    """
    if report.status is Status.GRADER_ERROR:
        return  # that is no grade
    now = datetime.now(UTC).isoformat(timespec="seconds")
    checked = Checked(exercise, report.status, report.points, report.seed, now)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        # The line break comes first, so that half a line before costs nothing but itself.
        file.write("\n" + json.dumps(asdict(checked)))


def keep(folder: Path, exercise: str, report: Report) -> str:
    """Do the same, and return what to tell if it fails: a verdict does not depend on it."""
    try:
        record(folder, exercise, report)
    except OSError as error:
        return f"(Your progress could not be saved: {error}.)"
    return ""


def history(folder: Path) -> list[Checked]:
    """Return all that is kept in `folder`, the oldest first; nothing if there is no file."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [checked for line in text.splitlines() if (checked := _parse(line))]


def last_checks(folder: Path) -> dict[str, Checked]:
    """Return for each exercise that has been checked what came of the last time."""
    return {checked.exercise: checked for checked in history(folder)}


def _parse(line: str) -> Checked | None:
    with suppress(ValueError, KeyError, TypeError):
        entry = json.loads(line)
        points = float(entry["points"])
        if not 0 <= points <= 100:
            return None
        seed = int(entry.get("seed", 0))
        when = str(entry.get("when", ""))
        return Checked(str(entry["exercise"]), Status(entry["status"]), points, seed, when)
    return None
