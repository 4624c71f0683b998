"""Show a widget together with a picture of it, for wherever widgets do not live.

A saved notebook keeps no picture of a widget. So the output holds both: the widget for JupyterLab
with a kernel, and a PNG for a notebook that is exported, printed, or opened without one.
"""

from base64 import b64encode
from io import BytesIO
from typing import Any

from anywidget import AnyWidget
from IPython.display import DisplayHandle, display
from matplotlib.figure import Figure
from PIL import Image  # of Pillow, without which matplotlib does not install

DOTS_PER_INCH = 110
COLOURS = 64


class Showing:
    """One place in a notebook where a widget is shown; remembers it, to renew the picture."""

    def __init__(self) -> None:
        self._handle: DisplayHandle | None = None

    def show(self, widget: AnyWidget, figure: Figure, text: str) -> None:
        """Display `widget`, with `figure` and `text` in its stead where there are no widgets."""
        self._handle = display(  # type: ignore[no-untyped-call] # IPython has no hints here
            bundle(widget, figure, text), raw=True, display_id=True
        )

    def renew(self, widget: AnyWidget, figure: Figure, text: str) -> None:
        """Replace the picture and the text that will be saved, if anything has been shown."""
        if self._handle:
            self._handle.update(bundle(widget, figure, text), raw=True)  # type: ignore[no-untyped-call] # as above


def bundle(widget: AnyWidget, figure: Figure, text: str) -> dict[str, Any]:
    """Return the three forms of an output, by MIME type; a front end takes the best it knows."""
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    return {
        "application/vnd.jupyter.widget-view+json": view,
        "image/png": b64encode(png(figure)).decode(),
        "text/plain": text,
    }


def png(figure: Figure) -> bytes:
    """Return `figure` as the bytes of a PNG, with few colours, which make it a third as large."""
    drawn, saved = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    picture = Image.open(drawn).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(saved, "PNG")
    return saved.getvalue()
