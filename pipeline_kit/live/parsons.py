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
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import permutations
from textwrap import dedent
from typing import Any

import anywidget
import traitlets

from pipeline_kit import virtual_time
from pipeline_kit.live.form import form_bundle

MOST_LINES = 7
"""All orders are tried, and 7 lines have 5,040 of them; 8 would have 40,320."""

PATIENCE = 1.0
"""Seconds of real time that a program which never ends is given."""

Check = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say of an attempt."""

    right: bool
    text: str
    """For the reader; words in `backticks` are code."""
    line: int | None = None
    """The first line that is wrong, counted from 0."""


@dataclass(frozen=True, slots=True)
class Puzzle:
    """The lines, and what makes a program of them right.

    Args:
        lines: those that belong, in any order; together they define `async def main()`.
        distractors: those that do not, each with the reason.
        check: tells whether a result of `main()` is right.
        names: what the program can use without defining it.
    """

    lines: Sequence[str]
    distractors: Mapping[str, str]
    check: Check
    names: Mapping[str, Any]

    def judge(self, program: Sequence[str], right: Sequence[Sequence[str]]) -> Verdict:
        """Return what there is to say of `program`, given all the `right` ones."""
        if not program:
            return Verdict(False, "Your program is empty: move lines into it.")
        for number, line in enumerate(program):
            if line in self.distractors:
                return Verdict(
                    False, f"`{line.strip()}` is not needed. {self.distractors[line]}", number
                )
        wrong = _first_wrong(program, right)
        if wrong is not None:
            return Verdict(False, self._complaint(program, wrong), wrong)
        if missing := len(self.lines) - len(program):
            lines = "one more line" if missing == 1 else f"{missing} more lines"
            return Verdict(False, f"So far so good: these lines can stand so. It takes {lines}.")
        return Verdict(True, "Right: it ran, and its result passed the check.")

    def solutions(self) -> list[tuple[str, ...]]:
        """Return every order of the lines that makes a program whose result passes the check."""
        orders = dict.fromkeys(permutations(self.lines))
        return [order for order in orders if self.failure(order) is None]

    def failure(self, program: Sequence[str]) -> str | None:
        """Run `program`; return what is wrong with it, None if nothing is."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a wrong order may well leave a coroutine behind
            try:
                result = self._run("\n".join(program))
            except (Exception, virtual_time.StalledError) as error:
                return f"{type(error).__name__}: {error}".splitlines()[0]
        return None if self.check(result) else f"the result is {result!r:.80}"

    def _run(self, source: str) -> Any:
        code = compile(source, "<your program>", "exec")
        names = dict(self.names)
        names.pop("main", None)
        exec(code, names)
        return virtual_time.run(names["main"], patience=PATIENCE)

    def _complaint(self, program: Sequence[str], wrong: int) -> str:
        complaint = f"Line {wrong + 1} is the first that cannot stand where it is."
        if len(program) < len(self.lines):
            return complaint
        return f"{complaint} Run as it is: {self.failure(program)}."


def _first_wrong(program: Sequence[str], right: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the first line that no right program has there after the same lines."""
    for number in range(len(program)):
        begun = tuple(program[: number + 1])
        if not any(tuple(order[: number + 1]) == begun for order in right):
            return number
    return None


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
