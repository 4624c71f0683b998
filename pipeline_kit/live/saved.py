"""Show a widget together with a picture of it, for wherever widgets do not live.

A saved notebook keeps no picture of a widget. So there are two outputs. The first holds both: the
widget for JupyterLab with a kernel, and a PNG for a notebook that is exported, printed, or opened
without one. The second says the same in words and numbers; where the widget lives, its style sheet
hides it, as the widget has words and a table of its own.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Any

from anywidget import AnyWidget
from IPython.display import DisplayHandle, display
from matplotlib.figure import Figure
from PIL import Image  # of Pillow, without which matplotlib does not install

from pipeline_kit.live.tables import Table

DOTS_PER_INCH = 110
COLOURS = 64


class Showing:
    """One place in a notebook where a widget is shown; remembers it, to renew the picture."""

    def __init__(self) -> None:
        self._handles: list[DisplayHandle] = []

    @property
    def is_shown(self) -> bool:
        """Whether anything has been shown yet."""
        return bool(self._handles)

    def show(
        self, widget: AnyWidget, figure: Figure, text: str, tables: Sequence[Table] = ()
    ) -> None:
        """Display `widget`, and what stands in its stead where there are no widgets.

        Args:
            widget: what to show.
            figure: the picture of it.
            text: the same in words.
            tables: the same in numbers.
        """
        self._handles = [
            display(data, raw=True, metadata=metadata, display_id=True)  # type: ignore[no-untyped-call] # IPython has no hints here
            for data, metadata in outputs(widget, figure, text, tables)
        ]

    def renew(
        self, widget: AnyWidget, figure: Figure, text: str, tables: Sequence[Table] = ()
    ) -> None:
        """Replace what has been shown, and will be saved."""
        renewed = outputs(widget, figure, text, tables)
        for handle, (data, metadata) in zip(self._handles, renewed, strict=True):
            handle.update(data, raw=True, metadata=metadata)  # type: ignore[no-untyped-call] # as above


def outputs(
    widget: AnyWidget, figure: Figure, text: str, tables: Sequence[Table]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return both outputs, each as its data and its metadata."""
    # `alt` is what stands for a picture where it cannot be seen. Not every front end keeps it: the
    # default template of nbconvert 7 does not. So the same words stand below.
    return [
        (bundle(widget, figure, text), {"image/png": {"alt": text}}),
        (alternative(text, tables), {}),
    ]


def bundle(widget: AnyWidget, figure: Figure, text: str) -> dict[str, Any]:
    """Return the three forms of an output, by MIME type; a front end takes the best it knows."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {
        "application/vnd.jupyter.widget-view+json": view,
        "image/png": b64encode(png(figure)).decode(),
        "text/plain": text,
    }


def alternative(text: str, tables: Sequence[Table]) -> dict[str, Any]:
    """Return an output that says in words what a picture shows, and folded up in numbers."""
    words = escape(text).replace("\n", "<br>")
    numbers = "".join(table.html() for table in tables)
    folded = (
        f"<details><summary>The same in numbers</summary>{numbers}</details>" if numbers else ""
    )
    html = f'<div class="pw-alternative"><p>{words}</p>{folded}</div>'
    return {"text/html": html, "text/plain": text}


def png(figure: Figure) -> bytes:
    """Return `figure` as the bytes of a PNG, with few colours, which make it a third as large."""
    drawn, saved = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    picture = Image.open(drawn).convert("RGB")
    # Of the methods of Pillow this one keeps every hue; the usual one gives a rare one to another,
    # and the hue of a single loss is rare.
    few = picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(saved, "PNG")
    return saved.getvalue()
