"""The scoreboard: where a student stands with all exercises, and what to do next.

from pipeline_kit.grading.scoreboard import scoreboard
scoreboard()
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from pipeline_kit.grading.checks import load
from pipeline_kit.grading.folder import exercises_folder, exercises_in
from pipeline_kit.grading.progress import Checked, history
from pipeline_kit.grading.status import Status

_DONE, _BEGUN, _QUIET = "#009E73", "#0072B2", "#767676"  # legible on a light and on a dark page


@dataclass(frozen=True, slots=True)
class Row:
    """Where a student stands with one exercise."""

    name: str
    number: int
    title: str
    most: float
    """Points that it is worth."""
    points: float = 0.0
    """Points at the last check."""
    best: float = 0.0
    """Points at the best check."""
    status: Status = Status.NOT_ATTEMPTED
    """Status at the last check."""

    @property
    def state(self) -> str:
        """The status, and the best that has been, if that was more."""
        earlier = f", {self.best:g} earlier" if self.best > self.points else ""
        return f"{self.status}{earlier}"


class Scoreboard:
    """What `scoreboard()` returns; shows itself, as a table in a notebook and as text elsewhere."""

    def __init__(self, rows: list[Row], folder: Path) -> None:
        self.rows = rows
        self._folder = folder

    @property
    def points(self) -> float:
        """Points at the last checks, all exercises together."""
        return sum(row.points for row in self.rows)

    @property
    def most(self) -> float:
        """Points there are to earn."""
        return sum(row.most for row in self.rows)

    @property
    def next_step(self) -> str:
        """What to do next, in a sentence; names the notebook."""
        row = self._next()
        if row is None:
            return "All points are yours. check() in each notebook says how to go on from there."
        if row.points:
            missing = f"{row.most - row.points:g} points are missing, and check() there says why"
            return f"Go on with {row.name}.ipynb: {missing}."
        return f"Next: {row.name}.ipynb, {row.title[:1].lower()}{row.title[1:]}."

    def _next(self) -> Row | None:
        """Return what is begun, else the first that is not, None if all have been passed."""
        unfinished = [row for row in self.rows if row.status is not Status.PASSED]
        begun = [row for row in unfinished if row.points]
        return next(iter(begun or unfinished), None)

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        width = max((len(row.title) for row in self.rows), default=0)
        for row in self.rows:
            score = f"{_bar(row.points / row.most)} {row.points:>4g} of {row.most:g}"
            yield f"{row.number:>3}  {row.title:{width}}  {score}  {row.state}"
        yield f"     {'total':{width}}  {'':10} {self.points:>4g} of {self.most:g}"
        yield self.next_step

    def _repr_html_(self) -> str:
        rows = "".join(map(self._row, self.rows))
        total = _cells("", "<b>total</b>", "", f"<b>{self.points:g} of {self.most:g}</b>", "")
        said = escape(self.next_step)
        if row := self._next():
            said = said.replace(f"{row.name}.ipynb", self._link(row, f"{row.name}.ipynb"))
        return f"<table><tbody>{rows}{total}</tbody></table><p>{said}</p>"

    def _row(self, row: Row) -> str:
        colour = _DONE if row.status is Status.PASSED else _BEGUN if row.points else _QUIET
        bar = (
            f'<div style="width: 8em; height: 0.7em; border: 1px solid {_QUIET}">'
            f'<div style="width: {row.points / row.most:.0%}; height: 100%; background: {colour}">'
            "</div></div>"
        )
        score = f"{row.points:g} of {row.most:g}"
        state = f'<span style="color: {colour}">{escape(row.state)}</span>'
        return _cells(str(row.number), self._link(row, row.title), bar, score, state)

    def _link(self, row: Row, text: str) -> str:
        target = Path(os.path.relpath(self._folder / f"{row.name}.ipynb")).as_posix()
        return f'<a href="{escape(target)}">{escape(text)}</a>'


def scoreboard(folder: Path | None = None) -> Scoreboard:
    """Return where the student stands with all exercises, by their last checks.

    Args:
        folder: the folder of the exercises; by default it is looked for here and beside this one.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    folder = folder or exercises_folder()
    past = history(folder)
    rows = [_row_of(name, checks, past) for name, checks in exercises_in(folder)]
    return Scoreboard(rows, folder)


def _row_of(name: str, checks_file: Path, past: list[Checked]) -> Row:
    exercise, checks = load(checks_file)
    row = Row(name, exercise.number, exercise.title, sum(check.points for check in checks))
    mine = [checked for checked in past if checked.exercise == name]
    if not mine:
        return row
    points = [min(checked.points, row.most) for checked in mine]
    return replace(row, points=points[-1], best=max(points), status=mine[-1].status)


def _bar(share: float) -> str:
    full = round(10 * share)
    return "█" * full + "░" * (10 - full)


def _cells(*contents: str) -> str:
    return "<tr>" + "".join(f'<td style="text-align: left">{c}</td>' for c in contents) + "</tr>"
