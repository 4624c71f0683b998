"""What is simplest is tried first; a failure is made simpler, and is the same for the same seed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from graded import ROOT

from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.search import simplest_failure
from pipeline_kit.grading.status import Status, Unmet

Numbers = list[int]


class Recorded:
    """A check that draws ten numbers, and fails if these are as it is told."""

    def __init__(self, fails: Callable[[Numbers], Unmet | None]) -> None:
        self.fails = fails
        self.runs: list[Numbers] = []

    def __call__(self, draw: Draw) -> Unmet | None:
        self.runs.append([draw.randrange(100) for _ in range(10)])
        return self.fails(self.runs[-1])


def test_a_check_that_holds_is_run_on_the_simplest_numbers_and_on_others() -> None:
    check = Recorded(lambda numbers: None)
    assert simplest_failure(check, "1") is None
    first, second = check.runs
    assert first == [0] * 10
    assert len(set(second)) > 1


def test_each_seed_has_numbers_of_its_own_and_the_same_again() -> None:
    def drawn(seed: str) -> Numbers:
        check = Recorded(lambda numbers: None)
        simplest_failure(check, seed)
        return check.runs[1]

    assert drawn("1") == drawn("1")
    assert len({tuple(drawn(str(seed))) for seed in range(5)}) == 5


def test_the_numbers_of_a_seed_do_not_depend_on_what_is_imported() -> None:
    code = """
import sys
from pipeline_kit.grading.search import simplest_failure
def check(draw):
    print([draw.randrange(10**6) for _ in range(40)])
for seed in "abcdefgh":
    simplest_failure(check, seed)
"""
    alone, among_others = (
        subprocess.run(
            [sys.executable, "-c", imports + code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for imports in ("", "import pipeline_kit.grading.process.student_process")
    )
    assert alone == among_others
    assert alone.count("[") == 16


def test_a_search_leaves_no_files_in_the_students_folder(tmp_path: Path) -> None:
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from pipeline_kit.grading.search import simplest_failure
simplest_failure(lambda draw: print([draw.randrange(100) for _ in range(200)]), "1")
"""
    env = {k: v for k, v in os.environ.items() if k != "HYPOTHESIS_STORAGE_DIRECTORY"}
    subprocess.run([sys.executable, "-c", code, str(ROOT)], cwd=tmp_path, env=env, check=True)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_tried_after_a_failure_with_the_simplest_numbers() -> None:
    check = Recorded(lambda numbers: Unmet("it failed"))
    failure = simplest_failure(check, "1")
    assert failure
    assert failure.message == "it failed"
    assert len(check.runs) == 1


def test_a_failure_is_made_simpler() -> None:
    check = Recorded(lambda numbers: Unmet(str(sum(numbers))) if max(numbers) > 1 else None)
    failure = simplest_failure(check, "1")
    assert failure
    assert int(failure.message) < sum(check.runs[1])
    assert len(check.runs) <= 24


def test_the_same_seed_finds_the_same_failure_whatever_was_searched_before() -> None:
    def found(seed: str) -> str:
        check = Recorded(lambda numbers: Unmet(str(numbers)) if max(numbers) > 50 else None)
        failure = simplest_failure(check, seed)
        assert failure
        return failure.message

    first = [found(str(seed)) for seed in range(5)]
    assert [found(str(seed)) for seed in reversed(range(5))] == first[::-1]


def test_a_run_that_had_to_be_stopped_is_not_run_again() -> None:
    check = Recorded(lambda numbers: Unmet("stopped", Status.TIMEOUT) if any(numbers) else None)
    failure = simplest_failure(check, "1")
    assert failure
    assert failure.status is Status.TIMEOUT
    assert len(check.runs) == 2


def test_a_claim_that_does_not_hold_goes_before_a_run_that_had_to_be_stopped() -> None:
    def fails(numbers: Numbers) -> Unmet | None:
        if not any(numbers):
            return None
        return Unmet("failed") if len(check.runs) == 2 else Unmet("stopped", Status.TIMEOUT)

    check = Recorded(fails)
    failure = simplest_failure(check, "1")
    assert failure
    assert failure.message == "failed"
    assert len(check.runs) == 3


def test_a_search_that_never_ran_is_an_error_not_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_kit.grading.search.given", lambda _: lambda _: lambda: None)
    monkeypatch.setattr("pipeline_kit.grading.search._SETTINGS", lambda test: test)
    monkeypatch.setattr("pipeline_kit.grading.search.seeded", lambda _: lambda test: test)
    with pytest.raises(RuntimeError, match="before the first run"):
        simplest_failure(Recorded(lambda numbers: None), "1")


def test_other_random_numbers_are_left_alone() -> None:
    import random

    random.seed(5)
    expected = random.Random(5).random()
    simplest_failure(Recorded(lambda numbers: None), "1")
    assert random.random() == expected


def test_hypothesis_is_imported_by_whoever_grades_and_no_one_else() -> None:
    code = """
import sys
import pipeline_kit.grading.notebook, pipeline_kit.grading.student.runner
assert "hypothesis" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
