"""Grade the same answers with many seeds: a verdict must not depend on the numbers that are drawn.

    python tests/grading/repeat.py ex01 ex02            200 gradings of each of their answers
    python tests/grading/repeat.py --times 20           20 of each answer to any exercise
    python tests/grading/repeat.py --right              of the right answers only

The reference, the other right answers and the wrong ones are graded. What differs is printed, with
the seeds. The exit status is 1 if anything does.

What an answer did in a world is remembered after the first gradings, because each check begins with
the same world whatever the seed. All other worlds are run.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

from graded import ROOT, answers, name_of

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import load
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.verdicts import Report
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World

Verdict = tuple[Status, ...]
FORGETFUL = 2
"""How many gradings of an answer remember nothing, so that a world's run is seen to be the same."""


class RememberingAnswer(Answer):
    """An answer that says again what came of a world in which it was run while `forgetful`."""

    def __init__(self, source: str, function: str) -> None:
        super().__init__(source, function)
        self.forgetful = True
        self._known: dict[str, tuple[GradedRun | Unmet, Play | None]] = {}

    def try_run(self, world: World) -> GradedRun:
        """Run the answer in `world`, or say again what came of that."""
        key = repr(world)
        if self.forgetful:
            self._known[key] = self._outcome(world), self.latest
        if key not in self._known:
            return super().try_run(world)
        outcome, self.latest = self._known[key]
        if isinstance(outcome, Unmet):
            raise Unmet(outcome.message, outcome.status, at=outcome.at, trace=outcome.trace)
        return outcome

    def _outcome(self, world: World) -> GradedRun | Unmet:
        try:
            return super().try_run(world)
        except Unmet as unmet:
            return unmet


def verdicts(exercise: str, source: str, seeds: Sequence[int]) -> dict[Verdict, list[int]]:
    """Return the verdicts on an answer, check by check, each with the seeds that lead to it."""
    declared, checks = load(ROOT / "exercises" / f"test_{exercise}.py")
    found: dict[Verdict, list[int]] = defaultdict(list)
    with (answer := RememberingAnswer(source, declared.function)):
        for number, seed in enumerate(seeds):
            answer.forgetful = number < FORGETFUL
            report = Report(declared, seed)
            found[tuple(report.judge(check, answer).status for check in checks)].append(seed)
    return found


def to_grade(wanted: list[str], kinds: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield exercise, name and code of each answer to the exercises that are wanted, or to all."""
    for exercise, checks in exercises_in(ROOT / "exercises"):
        if wanted and exercise[:4] not in wanted:
            continue
        function = load(checks)[0].function
        reference, _ = answer_in_notebook(ROOT / "solutions" / f"{exercise}.ipynb", function)
        yield exercise, f"{exercise[:4]}-reference", reference
        for path in [path for kind in kinds for path in answers(kind)]:
            if path.parts[-3] == exercise:
                yield exercise, name_of(path), path.read_text(encoding="utf-8")


def graded(job: tuple[str, str, str], seeds: Sequence[int]) -> tuple[str, bool, str]:
    """Grade an answer with each seed; return its name, whether all is equal, and what to print."""
    exercise, name, source = job
    began = perf_counter()
    found = verdicts(exercise, source, seeds)
    few = [f"{_summary(each)}: seeds {at[:5]} of {len(at)}" for each, at in found.items()]
    what = f"equal, {_summary(next(iter(found)))}" if len(found) == 1 else "; ".join(few)
    return name, len(found) == 1, f"{what} ({perf_counter() - began:.0f} s)"


def _summary(verdict: Verdict) -> str:
    counts = Counter(verdict)
    return ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])


def main() -> int:
    """Grade, print what differs, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exercises", nargs="*", help="such as ex01; by default all")
    parser.add_argument("--times", type=int, default=200, help="gradings of each answer")
    parser.add_argument("--jobs", type=int, default=2, help="answers that are graded at once")
    parser.add_argument("--right", action="store_true", help="only right answers")
    given = parser.parse_args()
    seeds = range(1_000, 1_000 + given.times)
    jobs = list(to_grade(given.exercises, ["right"] if given.right else ["right", "wrong"]))
    differ = 0
    with ProcessPoolExecutor(given.jobs) as pool:
        for name, is_equal, what in pool.map(graded, jobs, [seeds] * len(jobs)):
            differ += not is_equal
            print(f"{name}: {what}", flush=True)
    print(f"{len(jobs)} answers, {given.times} gradings each; {differ} with different verdicts")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
