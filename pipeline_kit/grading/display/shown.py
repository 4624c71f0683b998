"""What a notebook shows of a verdict: the report, the run of each violation, and the score."""

from html import escape

from IPython.display import display

from pipeline_kit.grading.display.report import as_html, as_text
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report


class Shown:
    """A report, and below it the runs in which claims did not hold; shows itself in a notebook.

    Args:
        report: the verdicts.
        note: what else there is to say.
    """

    def __init__(self, report: Report, note: str = "") -> None:
        self.report = report
        self._note = note

    def __repr__(self) -> str:
        return "\n".join(filter(None, [as_text(self.report), self._note]))

    def _repr_html_(self) -> str:
        return as_html(self.report) + escape(self._note)

    def _ipython_display_(self) -> None:
        both = {"text/plain": repr(self), "text/html": self._repr_html_()}
        display(both, raw=True)  # type: ignore[no-untyped-call] # IPython has few types
        if not any(verdict.trace for verdict in self.report.verdicts):
            return
        # Imported here because the pictures take half a second to import.
        from pipeline_kit.grading.display.violations import Violations, violations

        if found := violations(self.report):
            display(Violations(found))  # type: ignore[no-untyped-call] # likewise


class Score(float):
    """What `check()` returns: the points. As text it is a bare number, which nbgrader reads.

    Args:
        report: the verdicts.
    """

    report: Report

    def __new__(cls, report: Report) -> "Score":  # noqa: D102 - as the class says
        score = super().__new__(cls, report.points)
        score.report = report
        return score

    def __repr__(self) -> str:
        return f"{self:g}"

    def _repr_html_(self) -> str:
        points, seed = f"{self:g} of {self.report.most_points:g} points", self.report.seed
        # Where there is nothing to look into, nobody wants to repeat it, and a saved notebook
        # should not change with every run.
        if self.report.status in (Status.PASSED, Status.NOT_ATTEMPTED):
            return f"<small>{points}</small>"
        again = f"<code>check({seed})</code> draws the same numbers again"
        return f"<small>{points}; {again}</small>"
