"""Progress outlives kernels, and half a line, another version or a second writer do it no harm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline_kit.grading.checks import Check, Exercise
from pipeline_kit.grading.progress import FILE, history, last_checks, record
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report, Verdict
from pipeline_kit.grading.worlds.world import World

EXERCISE = Exercise(1, "Testing", "f", World(items=[], work={}))


def report(points: float, status: Status = Status.PASSED) -> Report:
    check = Check("test_it", "It holds.", points, "", lambda answer, draw: None)
    return Report(EXERCISE, 7, [Verdict(check, status)])


def test_the_last_check_counts_and_the_others_are_kept(tmp_path: Path) -> None:
    for points in (2, 9, 4):
        record(tmp_path, "ex01", report(points))
    record(tmp_path, "ex02", report(5, Status.FAILED))
    assert [checked.points for checked in history(tmp_path)] == [2, 9, 4, 0]
    last = last_checks(tmp_path)
    assert (last["ex01"].points, last["ex01"].status, last["ex01"].seed) == (4, Status.PASSED, 7)
    assert last["ex02"].status is Status.FAILED


def test_without_a_file_there_is_no_progress(tmp_path: Path) -> None:
    assert history(tmp_path) == []


@pytest.mark.parametrize(
    "line",
    [
        '{"exercise": "ex01", "sta',
        "<<<<<<< HEAD",
        "[]",
        '"passed"',
        '{"exercise": "ex01", "status": "brilliant", "points": 3}',
        '{"exercise": "ex01", "status": "passed", "points": NaN}',
        '{"exercise": "ex01", "status": "passed", "points": -1}',
        '{"exercise": "ex01", "status": "passed"}',
        "\x00\x00\ufffd",
    ],
)
def test_a_line_that_cannot_be_read_costs_only_itself(tmp_path: Path, line: str) -> None:
    record(tmp_path, "ex01", report(3))
    with (tmp_path / FILE).open("a") as file:
        file.write(f"\n{line}")
    record(tmp_path, "ex02", report(4))
    assert [checked.points for checked in history(tmp_path)] == [3, 4]


def test_bytes_that_are_no_text_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\xff")
    record(tmp_path, "ex01", report(3))
    assert [checked.points for checked in history(tmp_path)] == [3]


def test_a_line_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    line = '{"exercise": "ex01", "status": "passed", "points": 10, "mood": "fine"}'
    (tmp_path / FILE).write_text(line)
    assert [(c.exercise, c.points, c.seed) for c in history(tmp_path)] == [("ex01", 10, 0)]


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: record(tmp_path, f"ex{n}", report(n % 10)), range(200)))
    assert len(last_checks(tmp_path)) == 200


def test_a_fault_of_the_grader_is_not_kept(tmp_path: Path) -> None:
    record(tmp_path, "ex01", report(3, Status.GRADER_ERROR))
    assert history(tmp_path) == []
