"""What pytest writes at the end of a grading: what does not hold, and a line for each exercise."""

import re
from collections.abc import Sequence
from typing import Any

from pipeline_kit.grading.display.report import problems, score
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def write_scores(terminal: Any, reports: Sequence[Report], seed: int) -> None:
    """Write a line for each exercise, and the total.

    Args:
        terminal: pytest's terminal reporter.
        reports: the verdicts on the exercises, in order.
        seed: what all parameters were drawn from.
    """
    terminal.section("exercises")
    width = max(30, *(len(report.exercise.title) for report in reports))
    for report in reports:
        title = f"{report.exercise.number:>3}  {report.exercise.title:{width}}"
        terminal.write_line(f"{title} {score(report)}")
        if reason := _why_there_is_nothing(report):
            terminal.write_line(f"     {reason}")
    points, most = (sum(r.points for r in reports), sum(r.most_points for r in reports))
    terminal.write_line(f"     {'total':{width}} {points:g} of {most:g} points, seed {seed}")


def write_problems(terminal: Any, reports: Sequence[Report]) -> None:
    """Write which claims do not hold and why, which notebooks do not run through, and what broke.

    Args:
        terminal: pytest's terminal reporter.
        reports: the verdicts on the exercises, in order.
    """
    for report in reports:
        if report.status not in (Status.PASSED, Status.NOT_ATTEMPTED):
            terminal.section(f"exercise {report.exercise.number}, {report.exercise.title}")
            for line in problems(report):
                terminal.write_line(line)
    said = set()
    for failed in [*terminal.getreports("failed"), *terminal.getreports("error")]:
        notebook, _, cell = failed.nodeid.partition("::")
        if notebook.endswith(".ipynb") and notebook not in said:
            said.add(notebook)
            terminal.section(notebook)
            terminal.write_line(f"  the notebook stops {_place(cell)}: {_last_line(failed)}")
    for failed in terminal.getreports("error"):  # such as hidden checks with a slip of the pen
        file = failed.nodeid.partition("::")[0]
        if file not in said:
            said.add(file)
            terminal.section(file)
            terminal.write_line(f"  its checks cannot be run: {_last_line(failed)}")


def _why_there_is_nothing(report: Report) -> str:
    """Return why there is no answer, such as a damaged notebook; "" for the stub, or an answer."""
    if report.status is not Status.NOT_ATTEMPTED or not report.verdicts:
        return ""
    reason = report.verdicts[0].message
    return "" if "NotImplementedError" in reason else reason


def _place(cell: str) -> str:
    return f"in {cell} (code cells count from 0)" if cell else "before its first cell"


def _last_line(failed: Any) -> str:
    """Return the last line of a traceback, which says what was raised."""
    lines = _COLOUR.sub("", failed.longreprtext).split("\n")
    reason = next((line for line in reversed(lines) if line.strip()), "")
    return reason.removeprefix("E").strip()  # which is pytest's mark
