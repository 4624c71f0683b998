"""Hints, unfolded one by one: the second can only be asked for when the first has been read.

They are nested `<details>` of HTML, so that they need no kernel, no widget, and leave no trace in
the grade. Where there is no HTML, `hint(1)` prints the first.
"""

from collections.abc import Sequence

from pipeline_kit.grading.display.report import code_as_html


class Hints:
    """What `hint()` returns: the hints of an exercise, folded; shows itself in a notebook.

    Args:
        texts: the hints, from the faintest to the clearest; code between backquotes.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    def one(self, number: int) -> str:
        """Return hint `number`, counted from 1.

        Raises:
            ValueError: there is none with this number.
        """
        if not 1 <= number <= len(self.texts):
            raise ValueError(f"there are hints 1 to {len(self.texts)}, got number={number}")
        return f"Hint {number} of {len(self.texts)}: {self.texts[number - 1]}"

    def __repr__(self) -> str:
        if not self.texts:
            return "There are no hints here; check() has one for each claim that does not hold."
        return f"There are {len(self.texts)} hints; hint(1) prints the first."

    def _repr_html_(self) -> str:
        return self._unfolding(1) or repr(self)

    def _unfolding(self, number: int) -> str:
        """Return hint `number` folded, with those after it inside."""
        if number > len(self.texts):
            return ""
        return (
            f'<details style="max-width: 50em; line-height: 1.45"><summary style="cursor: pointer">'
            f"Hint {number} of {len(self.texts)}</summary>"
            f'<div style="margin: 0.2em 0 0.6em 1.1em">{code_as_html(self.texts[number - 1])}</div>'
            f"{self._unfolding(number + 1)}</details>"
        )
