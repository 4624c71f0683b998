"""A puzzle of lines: which orders of them make a right program, and what is wrong with another.

Nobody says which orders are right: each is run in virtual time, and its result is checked.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from pipeline_kit import virtual_time

PATIENCE = 1.0
"""Seconds of real time that a program which never ends is given."""

Check = Callable[[Any], object]
"""Tells whether the result of a program is right."""


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
        verdict = self.check(result)
        # Of what returns nothing `(1.0).__eq__` says `NotImplemented`, which counts as true.
        passed = verdict is not NotImplemented and verdict
        return None if passed else f"the result is {result!r:.80}"

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
