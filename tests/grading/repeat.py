"""Grade the same answers with many seeds: a verdict must not depend on the numbers that are drawn.

    python tests/grading/repeat.py ex01 ex02            200 gradings of each of their answers
    python tests/grading/repeat.py --times 20           20 of each answer to any exercise

The reference, the other right answers and the wrong ones are graded. What differs is printed, with
the seeds. The exit status is 1 if anything does.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from graded import ROOT, answers, name_of

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import load
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report

Verdict = tuple[Status, ...]


def verdicts(exercise: str, source: str, seeds: Sequence[int]) -> dict[Verdict, list[int]]:
    """Return the verdicts on an answer, check by check, each with the seeds that lead to it."""
    declared, checks = load(ROOT / "exercises" / f"test_{exercise}.py")
    found: dict[Verdict, list[int]] = defaultdict(list)
    with Answer(source, declared.function) as answer:
        for seed in seeds:
            report = Report(declared, seed)
            found[tuple(report.judge(check, answer).status for check in checks)].append(seed)
    return found


def to_grade(wanted: list[str]) -> Iterator[tuple[str, str, str]]:
    """Yield exercise, name and code of each answer to the exercises that are wanted, or to all."""
    for exercise, checks in exercises_in(ROOT / "exercises"):
        if wanted and exercise[:4] not in wanted:
            continue
        function = load(checks)[0].function
        reference, _ = answer_in_notebook(ROOT / "solutions" / f"{exercise}.ipynb", function)
        yield exercise, f"{exercise[:4]}-reference", reference
        for path in [*answers("right"), *answers("wrong")]:
            if path.parts[-3] == exercise:
                yield exercise, name_of(path), path.read_text(encoding="utf-8")


def main() -> int:
    """Grade, print what differs, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exercises", nargs="*", help="such as ex01; by default all")
    parser.add_argument("--times", type=int, default=200, help="gradings of each answer")
    given = parser.parse_args()
    seeds = range(1_000, 1_000 + given.times)
    jobs = list(to_grade(given.exercises))
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda job: verdicts(job[0], job[2], seeds), jobs)
        differ = 0
        for (_, name, _), each in zip(jobs, found, strict=True):
            differ += len(each) > 1
            few = [f"seeds {seeds[:5]} of {len(seeds)}" for seeds in each.values()]
            print(f"{name}: {'equal' if len(each) == 1 else '; '.join(few)}", flush=True)
    print(f"{len(jobs)} answers, {given.times} gradings each; {differ} with different verdicts")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
