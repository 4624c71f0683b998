"""The sheet that every still picture is drawn on: a white card with a title."""

import textwrap

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pipeline_kit.live import palette

THEME = palette.LIGHT  # on a white card, which is as easy to read on a dark page
ACROSS = 74
"""Letters of a title in one line."""
LINE = 0.22
"""Inches that each further line of it takes."""


def sheet(title: str, height: float) -> Figure:
    """Return an empty figure.

    Args:
        title: what the picture shows, in a sentence; wrapped if it is long.
        height: in inches, without the lines of the title beyond the first.
    """
    title = in_lines(title, ACROSS)
    high = height + LINE * title.count("\n")
    figure = Figure(figsize=(8, high), layout="constrained", facecolor=THEME.page)
    FigureCanvasAgg(figure)  # rather than pyplot, which keeps every figure for ever
    figure.suptitle(title, x=0.01, ha="left", fontsize=12.5, weight="bold", color=THEME.ink)
    return figure


def in_lines(text: str, across: int) -> str:
    """Return `text` in lines of at most `across` letters; a number and its % stay in one line."""
    return textwrap.fill(text.replace(" %", "\N{NO-BREAK SPACE}%"), across)
