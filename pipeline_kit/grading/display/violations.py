"""The runs in which a claim was seen not to hold, each parked at that moment, to be looked into."""

from typing import Any

import ipywidgets  # type: ignore[import-untyped] # it has no hints

from pipeline_kit.grading.verdicts import Report, Verdict
from pipeline_kit.live.replay import Replay, replay


def violations(report: Report) -> list[Verdict]:
    """Return the verdicts with a run to look at, one for each thing that went wrong."""
    by_message = {v.message: v for v in reversed(report.verdicts) if v.trace and not v.waits}
    return list(reversed(by_message.values()))


def parked(verdict: Verdict) -> Replay:
    """Return the run of a verdict, with the time cursor at the moment of the violation."""
    assert verdict.trace
    title = f"✕ {verdict.check.claim}".replace("`", "")
    return replay(verdict.trace, title=title, at=verdict.at, note=verdict.message)


class Violations:
    """Shows the first violation; where there are several, a menu leads to the others.

    Args:
        verdicts: what to choose from; at least one.
    """

    def __init__(self, verdicts: list[Verdict]) -> None:
        self.verdicts = verdicts
        self.first = parked(verdicts[0])
        claims = [(v.check.claim.replace("`", ""), number) for number, v in enumerate(verdicts)]
        self.menu = ipywidgets.Dropdown(options=claims, layout={"width": "100%"})
        self.menu.observe(self._choose, "value")
        self.box = ipywidgets.VBox([self.menu, self.first.player])

    def _choose(self, change: Any) -> None:
        # A new player rather than a new picture, so that its cursor begins at the violation.
        self.box.children = [self.menu, parked(self.verdicts[change["new"]]).player]

    def _ipython_display_(self) -> None:
        self.first.show(self.box if len(self.verdicts) > 1 else self.first.player)
