"""Answers to a question with a number: how they are read, and what there is to say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose, isfinite

SURE = ("a guess", "fairly sure", "certain")
"""How sure one can be of an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A number that has been locked in, and how sure its author was."""

    value: float
    sure: str


@dataclass(frozen=True, slots=True)
class Solution:
    """What is right, and what there is to learn from an answer."""

    value: float
    because: str
    mistakes: Mapping[float, str]

    def comment(self, given: Answer, unit: str) -> str:
        """Return the feedback for an answer, as plain text."""
        right = f"{self.value:g} {unit}".strip()
        if isclose(given.value, self.value, rel_tol=0.005):
            return f"Right, {right}. {self.because}"
        doubt = "You were certain, so this one is worth a second look. " * (given.sure == SURE[-1])
        wrong = f"{given.value:g} {unit}".strip()
        return f"It is {right}, not {wrong}. {doubt}{self._lesson(given.value)}"

    def _lesson(self, value: float) -> str:
        for wrong, why in self.mistakes.items():
            if isclose(value, wrong, rel_tol=0.005):
                return why
        return self.because


def parse_number(text: str, unit: str) -> float:
    """Return the number a reader typed, with a point or a comma, and perhaps the unit behind it.

    Raises:
        ValueError: it is no finite number; the message is meant for the reader.
    """
    number = text.strip().removesuffix(unit).strip().replace(",", ".")
    if not number:
        raise ValueError(f"Type a number first, in {unit}; a rough guess is fine.")
    try:
        value = float(number)
    except ValueError:
        raise ValueError(
            f"“{text.strip()}” is not a number of {unit}; type one, as in 1.5."
        ) from None
    if not isfinite(value):
        raise ValueError(f"“{text.strip()}” has no end; type a finite number of {unit}.")
    return value
