"""Parsons problems: the lines of a program, shuffled, among them two that do not belong.

    parsons("Collect the squares", '''
    async def main():
        async with pipeline.run(range(4)) as run:
            return [result async for result in run]
    …''', {"    return run": "It gives the run away before …"},
            check=lambda result: result == [0, 1, 4, 9], names=globals())

The reader puts them in order. Whatever order gives a program that passes the check is right: that
is found out by running the program in virtual time. Sorting lines teaches as much as writing them,
in less time (Ericson, Margulieux and Rick, 2017, doi:10.1145/3141880.3141895).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.resources import files
from textwrap import dedent
from typing import Any

import anywidget
import traitlets

from pipeline_kit.live.form import form_bundle
from pipeline_kit.live.puzzle import Check, Puzzle, Verdict

MOST_LINES = 7
"""All orders are tried, and 7 lines have 5,040 of them; 8 would have 40,320."""


def parsons(
    title: str,
    lines: str,
    distractors: Mapping[str, str],
    *,
    check: Check,
    names: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> "Parsons":
    """Return a Parsons problem. It shows itself when it is the last line of a cell.

    Args:
        title: what the program is to do.
        lines: five to seven lines that belong, in any order and with their indentation; together
            they define `async def main()`.
        distractors: lines that do not belong, each with the reason, which is told who uses it.
        check: tells whether a result of `main()` is right.
        names: what the program can use without defining it, such as `globals()`.
        seed: for another shuffle; each seed gives the same one every time.

    Raises:
        ValueError: there are too few or too many lines, a distractor is one of them, or no order
            of them passes the check.
    """
    belong = [line for line in dedent(lines).splitlines() if line.strip()]
    if not 5 <= len(belong) <= MOST_LINES:
        raise ValueError(f"lines must be five to {MOST_LINES}, got {len(belong)}")
    if both := set(belong) & set(distractors):
        raise ValueError(f"a distractor must not be one of the lines: {', '.join(both)}")
    puzzle = Puzzle(belong, distractors, check, names or {})
    solutions = puzzle.solutions()
    if not solutions:
        failure = puzzle.failure(belong)
        raise ValueError(f"no order of the lines passes the check; in the order given: {failure}")
    return Parsons(title, puzzle, solutions, seed)


class Parsons(anywidget.AnyWidget):
    """What `parsons` returns: the two lists of lines, and a button that checks.

    Attributes:
        program: the lines the reader has put in order, as indices into `lines`.
        verdict: what the last check said, with the fields of `Verdict`; empty before.
    """

    _esm = (files("pipeline_kit.live") / "parsons.js").read_text(encoding="utf-8")
    _css = (files("pipeline_kit.live") / "parsons.css").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    lines: Any = traitlets.List().tag(sync=True)
    program: Any = traitlets.List().tag(sync=True)
    verdict: Any = traitlets.Dict().tag(sync=True)

    def __init__(
        self, title: str, puzzle: Puzzle, solutions: Sequence[Sequence[str]], seed: int
    ) -> None:
        lines = [*puzzle.lines, *puzzle.distractors]
        random.Random(seed).shuffle(lines)
        super().__init__(title=title, lines=lines)
        self._puzzle, self._solutions = puzzle, solutions
        self.on_msg(self._hear)

    def check(self, program: Sequence[int]) -> Verdict:
        """Judge a program, given as indices into `lines`, and show the verdict."""
        try:
            verdict = self._puzzle.judge([self.lines[index] for index in program], self._solutions)
        except Exception as error:  # in a callback it would be shown nowhere else
            verdict = Verdict(False, f"The check itself failed: {type(error).__name__}: {error}")
        self.verdict = asdict(verdict)
        return verdict

    def _hear(self, _: object, message: Any, buffers: object) -> None:
        self.check(message["program"])

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return form_bundle(self, "Put the lines in order", self.title, "Run this cell to begin.")
