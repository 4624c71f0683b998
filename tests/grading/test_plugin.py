"""`pytest exercises/` as an instructor runs it: what it says, and how it exits."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from graded import ANSWERS, ROOT

from pipeline_kit.grading.progress import history

NAME = "ex01_basic_pipeline"


def run_pytest(*arguments: str, cache: Path | None = None) -> tuple[int, str]:
    where = ["-o", f"cache_dir={cache}"] if cache else ["-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", *where, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A folder with a wrong answer to exercise 1 that keeps the rest of its notebook."""
    content = json.loads((ROOT / "exercises" / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    cell = next(c for c in content["cells"] if "answer" in c["metadata"].get("tags", []))
    cell["source"] = (ANSWERS / NAME / "wrong" / "sequential.py").read_text(encoding="utf-8")
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / f"{NAME}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_stubs_read_not_attempted_in_a_line_each() -> None:
    code, output = run_pytest("exercises/test_ex01_basic_pipeline.py")
    assert code == 1
    assert "1  The basic pipeline             not attempted, 0 of 10 points" in output
    assert "Traceback" not in output


def test_solutions_are_all_green() -> None:
    code, output = run_pytest("exercises/test_ex01_basic_pipeline.py", "--answers", "solutions")
    assert code == 0, output
    assert "passed, 10 of 10 points" in output


def test_without_nbval_no_cell_of_a_notebook_is_run_but_the_answer(answers: Path) -> None:
    code, output = run_pytest("exercises/", "--answers", str(answers), "-p", "no:nbval")
    assert code == 1
    assert "failed, 6.5 of 10 points" in output
    assert f"{NAME}.ipynb ...." not in output


def test_a_wrong_answer_is_explained_in_a_few_lines(answers: Path) -> None:
    code, output = run_pytest("exercises/", "--answers", str(answers), "--seed", "4711")
    assert code == 1
    assert "failed, 6.5 of 10 points" in output
    assert "✕ All three stages work at the same time" in output
    assert "Hint: Who works on item 1" in output
    assert "seed 4711" in output
    assert f"{NAME}.ipynb ...." in output
    assert "there is no notebook ex02_buffered_pipeline.ipynb" not in output.split("exercise 1,")[0]
    assert "Traceback" not in output
    assert history(answers) == []  # these are not the student's own


def test_the_points_are_written_for_other_programs(answers: Path, tmp_path: Path) -> None:
    report = tmp_path / "points.xml"
    checks = f"exercises/test_{NAME}.py"
    run_pytest(checks, "--answers", str(answers), "--junitxml", str(report))
    found = [each.attrib for each in ElementTree.parse(report).iter("property")]
    points = [float(each["value"]) for each in found if each["name"] == "points"]
    most = [float(each["value"]) for each in found if each["name"] == "of"]
    assert sum(most) == 10
    assert 0 < sum(points) < 10


def test_a_damaged_notebook_is_said_to_be_one_and_stops_no_other(answers: Path) -> None:
    (answers / "ex02_buffered_pipeline.ipynb").write_text("<<<<<<< HEAD\n{}", encoding="utf-8")
    chosen = ["exercises/", "-k", f"{NAME} or ex02"]
    code, output = run_pytest(*chosen, "--answers", str(answers))
    assert code == 1
    assert "failed, 6.5 of 10 points" in output
    assert "ex02_buffered_pipeline.ipynb is not a notebook in nbformat 4" in output
    assert "the notebook stops before its first cell: nbformat" in output


def test_a_notebook_that_is_missing_is_said_to_be() -> None:
    code, output = run_pytest(f"exercises/test_{NAME}.py", "--answers", "tests")
    assert code == 1
    assert f"there is no notebook {NAME}.ipynb" in output


def test_a_cell_that_never_ends_does_not_hold_up_a_class(tmp_path: Path) -> None:
    names = "pytest_addoption, pytest_configure"
    conftest = f"from pipeline_kit.grading.plugin import {names}\n"
    (tmp_path / "conftest.py").write_text(conftest, encoding="utf-8")
    test = "def test_limit(request): assert request.config.option.nbval_cell_timeout == {}\n"
    (tmp_path / "test_limit.py").write_text(test.format("60"), encoding="utf-8")
    assert run_pytest(str(tmp_path))[0] == 0
    (tmp_path / "test_limit.py").write_text(test.format("5"), encoding="utf-8")
    assert run_pytest(str(tmp_path), "--nbval-cell-timeout", "5")[0] == 0


ORDERS = {
    "exercises first": ["exercises/", "--answers", "DIR"],
    "answers first": ["--answers", "DIR", "exercises/"],
    "in one word": ["--answers=DIR", "exercises/"],
}


def mark_by(answers: Path, file: str) -> Path:
    """Hand in a file that leaves a mark if it is run; return the mark."""
    mark = answers / "mark"
    (answers / file).parent.mkdir(exist_ok=True)
    (answers / file).write_text(f"open({str(mark)!r}, 'w').close()", encoding="utf-8")
    return mark


@pytest.mark.parametrize(
    ("file", "order"),
    [
        *(("conftest.py", order) for order in ORDERS),
        ("__init__.py", "answers first"),
        (f"test_{NAME}.py", "exercises first"),
        (f"more/test_{NAME}.py", "exercises first"),
        ("../__init__.py", "exercises first"),
    ],
)
def test_nothing_that_was_handed_in_runs_in_the_grader(
    answers: Path, file: str, order: str
) -> None:
    mark = mark_by(answers, file)
    arguments = [word.replace("DIR", str(answers)) for word in ORDERS[order]]
    code, output = run_pytest("-k", f"{NAME} and not Code", *arguments)
    assert code == 1
    assert "failed, 6.5 of 10 points" in output
    assert not mark.exists()


def test_other_notebooks_that_were_handed_in_are_not_run(answers: Path) -> None:
    shutil.copy(answers / f"{NAME}.ipynb", answers / "notes.ipynb")
    _, output = run_pytest("exercises/", "--collect-only", "-q", "--answers", str(answers))
    assert f"{NAME}.ipynb" in output
    assert "notes.ipynb" not in output


@pytest.mark.parametrize("order", ["exercises first", "in one word"])
def test_a_configuration_that_was_handed_in_does_not_count(answers: Path, order: str) -> None:
    mark = mark_by(answers, "evil.py")
    configuration = "[pytest]\npythonpath = .\naddopts = -p evil -k nothing\n"
    (answers / "pytest.ini").write_text(configuration, encoding="utf-8")
    arguments = [word.replace("DIR", str(answers)) for word in ORDERS[order]]
    _, output = run_pytest("-k", f"{NAME} and not Code", *arguments)
    assert "failed, 6.5 of 10 points" in output
    assert not mark.exists()


def test_answers_without_exercises_are_refused(answers: Path) -> None:
    code, output = run_pytest(f"--answers={answers}")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"say by which checks, as in `pytest exercises/ --answers {answers}`" in output


def test_a_whole_folder_of_exercises_can_be_handed_in(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "exercises", tmp_path / "exercises")
    chosen = ["exercises/", "-k", NAME, "--answers", str(tmp_path / "exercises")]
    code, output = run_pytest(*chosen)
    assert code == 1
    assert "not attempted, 0 of 10 points" in output
    assert "Traceback" not in output


def test_a_folder_that_is_not_there_is_said_to_be_missing() -> None:
    code, output = run_pytest("exercises/", "--answers", "nowhere")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "--answers nowhere: there is no such folder" in output


def test_a_new_exercise_needs_only_its_notebook_and_its_checks(tmp_path: Path) -> None:
    shutil.copy(ROOT / "exercises" / "conftest.py", tmp_path)
    (tmp_path / "test_ex99_pass_on.py").write_text(
        "from pipeline_kit.grading.checks import Exercise, check\n"
        "from pipeline_kit.grading.claims.general import every_item_comes_out_once\n"
        "from pipeline_kit.grading.worlds.world import World\n\n"
        "WORLD = World(items=[1, 2], work={'stage1': 1.0})\n"
        "EXERCISE = Exercise(99, 'Pass on', 'pass_on', WORLD)\n\n"
        "@check(points=10, hint='…')\n"
        "def test_it_passes_on(answer, draw):\n"
        "    '''Items are passed on.'''\n"
        "    every_item_comes_out_once(answer.run(WORLD))\n",
        encoding="utf-8",
    )
    source = (
        "async def pass_on(source, stage1, sink):\n"
        "    async for item in source: await sink.send(await stage1(item))\n"
    )
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["answer"]}}
    (tmp_path / "ex99_pass_on.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    checks = str(tmp_path / "test_ex99_pass_on.py")
    assert run_pytest(checks, "-k", "nothing")[0] == pytest.ExitCode.NO_TESTS_COLLECTED
    assert history(tmp_path) == []
    code, output = run_pytest(checks)
    assert code == 0, output
    assert "passed, 10 of 10 points" in output
    assert [checked.points for checked in history(tmp_path)] == [10]


HIDDEN_CHECK = """
from pipeline_kit.grading.checks import check
from pipeline_kit.grading.claims.general import order_is_kept
from pipeline_kit.grading.worlds.world import World

@check(points=4, hint="…", needs=("test_the_stages_overlap",))
def test_one_more_thing(answer, draw):
    "Something that students do not see coming."
    work = dict.fromkeys(("stage1", "stage2", "stage3"), 1.0)
    order_is_kept(answer.run(World(items=[1, 2], work=work)))
"""


def folder_with_hidden_checks(folder: Path, answer: str) -> Path:
    shutil.copy(ROOT / "exercises" / "conftest.py", folder)
    public = (ROOT / "exercises" / f"test_{NAME}.py").read_text(encoding="utf-8")
    public = public.replace("number=1,", "number=1, hidden_points=4,")
    (folder / f"test_{NAME}.py").write_text(public, encoding="utf-8")
    hidden = folder / f"test_{NAME}_hidden.py"
    hidden.write_text(HIDDEN_CHECK, encoding="utf-8")
    source = (ANSWERS / NAME / f"{answer}.py").read_text(encoding="utf-8")
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": ["answer"]}}
    (folder / f"{NAME}.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    return hidden


def test_where_checks_are_hidden_the_public_ones_are_called_so(tmp_path: Path) -> None:
    folder_with_hidden_checks(tmp_path, "right/queues").unlink()
    _, output = run_pytest(str(tmp_path / f"test_{NAME}.py"))
    assert "public checks passed, 10 of 10 points; 4 more are given by checks that are" in output


def test_hidden_checks_are_judged_with_the_public_ones(tmp_path: Path) -> None:
    folder_with_hidden_checks(tmp_path, "right/queues")
    code, output = run_pytest(str(tmp_path), "-p", "no:nbval")
    assert code == 0, output
    assert "1  The basic pipeline             passed, 14 of 14 points" in output


def test_a_hidden_check_may_need_a_public_one(tmp_path: Path) -> None:
    folder_with_hidden_checks(tmp_path, "wrong/sequential")
    code, output = run_pytest(str(tmp_path), "-p", "no:nbval")
    assert code == 1
    assert "failed, 6.5 of 14 points" in output
    assert "not judged before this holds: All three stages work at the same time" in output


def test_hidden_checks_that_cannot_be_loaded_are_named_with_the_reason(tmp_path: Path) -> None:
    hidden = folder_with_hidden_checks(tmp_path, "right/queues")
    hidden.write_text(HIDDEN_CHECK.replace('"Something', '# "Something'), encoding="utf-8")
    code, output = run_pytest(str(tmp_path), "-p", "no:nbval")
    assert code == 1
    assert f"test_{NAME}_hidden.py ===" in output
    assert "ValueError: test_one_more_thing needs a docstring: the claim in a sentence" in output


def test_several_processes_are_refused_as_none_would_know_all_verdicts() -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed, so there is no -n")
    code, output = run_pytest("exercises/", "-n", "2")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "an exercise is graded by one process; leave out -n, or use `grade`" in output


def test_where_pytest_can_write_no_cache_it_grades_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, output = run_pytest(f"exercises/test_{NAME}.py", cache=tmp_path / "file" / "inside")
    assert code == 1
    assert "total                          0 of 10 points" in output
