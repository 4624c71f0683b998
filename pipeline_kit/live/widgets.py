"""The widgets: what Python and the browser have in common, and the scripts the browser gets.

The scripts are plain JavaScript, one idea a file. They are joined here into one module, because a
widget's script cannot import files that lie beside it.
"""

from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from pipeline_kit.live import palette


def script(*names: str) -> str:
    """Return the JavaScript files of this package with these `names`, joined into one module."""
    folder = files("pipeline_kit.live")
    return "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in names)


def style() -> str:
    """Return the style sheet of all widgets."""
    return (files("pipeline_kit.live") / "live.css").read_text(encoding="utf-8")


class Player(anywidget.AnyWidget):
    """Shows a recorded run under a time cursor, with sliders that ask for another run."""

    _esm = script("page", "knobs", "goals", "strip", "axes", "chart", "scene", "cursor", "player")
    _css = style()
    palette = traitlets.Dict(palette.as_data()).tag(sync=True)
    knobs: Any = traitlets.List().tag(sync=True)
    """The sliders, as of `Knobs.as_data`."""
    values: Any = traitlets.Dict().tag(sync=True)
    """Where the reader has moved them to, by name."""
    picture: Any = traitlets.Dict().tag(sync=True)
    """The run, as of `picture_of`, and the goals."""
    prediction: Any = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    until = traitlets.Float(None, allow_none=True).tag(sync=True)
    """Where the time axis ends, in seconds; None to fit it to the runs."""


class ComparisonPlayer(anywidget.AnyWidget):
    """Shows two runs under one time cursor, with sliders that ask for two others."""

    _esm = script("page", "knobs", "goals", "axes", "chart", "scene", "cursor", "compare")
    _css = style()
    palette = traitlets.Dict(palette.as_data()).tag(sync=True)
    knobs: Any = traitlets.List().tag(sync=True)
    """The sliders, as of `Knobs.as_data`."""
    values: Any = traitlets.Dict().tag(sync=True)
    """Where the reader has moved them to, by name."""
    picture: Any = traitlets.Dict().tag(sync=True)
    """Labels, both runs as of `picture_of`, their difference, the goals, and the words."""
    until = traitlets.Float(None, allow_none=True).tag(sync=True)
    """Where the time axis ends, in seconds; None to fit it to the runs."""


class LatePlayer(anywidget.AnyWidget):
    """Shows one item's way through a run, and lets the reader choose which."""

    _esm = script("page", "axes", "chart", "why_late")
    _css = style()
    palette = traitlets.Dict(palette.as_data()).tag(sync=True)
    picture: Any = traitlets.Dict().tag(sync=True)
    """The run, as of `picture_of`."""
    items: Any = traitlets.List().tag(sync=True)
    """Of each item its number, the sentence about it, and its parts: place, worker, state, start,
    end, and what was in its way, as pairs of a place and the numbers of items there."""
    item = traitlets.Int().tag(sync=True)
    """The number of the item that is chosen."""
    note = traitlets.Unicode().tag(sync=True)
    """What there is to say if not all items can be chosen."""


class Dashboard(anywidget.AnyWidget):
    """Follows a running pipeline, and passes on what the reader does with sliders and buttons."""

    _esm = script("page", "knobs", "goals", "strip", "axes", "dashboard")
    _css = style()
    palette = traitlets.Dict(palette.as_data()).tag(sync=True)
    knobs: Any = traitlets.List().tag(sync=True)
    values: Any = traitlets.Dict().tag(sync=True)
    stages: Any = traitlets.List().tag(sync=True)
    """Name, workers and capacity of each stage of the run that is shown, the sink last."""
    status: Any = traitlets.Dict().tag(sync=True)
    """`state` (running, paused, done, stopped, failed), a `message`, at the end a `summary`."""
    title = traitlets.Unicode().tag(sync=True)
    goals: Any = traitlets.List().tag(sync=True)
    """What there is to reach, as of `LiveGoals.as_data`."""
    history: Any = traitlets.List().tag(sync=True)
    """The samples of a run that has ended; while it goes on they come one by one, as messages."""
