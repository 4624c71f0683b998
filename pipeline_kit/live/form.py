"""What the forms have in common: how text is written on them, and what is saved in their stead."""

import re
from html import escape
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped] # it has no hints


def rich(text: str) -> str:
    """Return plain text as HTML, with what stands in `backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def notice(text: str, *, alert: bool = False) -> str:
    """Return the HTML of a line that answers the reader; screen readers say it when it changes."""
    role = "alert" if alert else "status"
    return f'<div role="{role}" style="line-height: 1.5; max-width: 44em">{rich(text)}</div>'


def form_bundle(
    form: widgets.DOMWidget, kind: str, text: str, hint: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a notebook keeps of a form: the widget, and words for where widgets do not live.

    With it goes the output's metadata, of which there is none.

    Args:
        form: the widget.
        kind: what the form is for, in a word.
        text: what it asks.
        hint: how to come to see the form itself.
    """
    view = {"version_major": 2, "version_minor": 0, "model_id": form.model_id}
    forms = {
        "application/vnd.jupyter.widget-view+json": view,
        "text/plain": f"{kind}: {text}\n{hint}",
        "text/html": (
            f"<div><strong>{escape(kind)}.</strong> {rich(text)}<br><em>{escape(hint)}</em></div>"
        ),
    }
    return forms, {}
