"""What is saved is checked again if the answer is another one, and only then."""

import json
import os
import shutil
from pathlib import Path

import pytest
from graded import ANSWERS, ROOT

from pipeline_kit.grading.__main__ import main
from pipeline_kit.grading.commands.watch import Watcher
from pipeline_kit.grading.progress import FILE, history

NAME = "ex01_basic_pipeline"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(ROOT / "exercises" / f"test_{NAME}.py", tmp_path)
    save(tmp_path, "async def basic_pipeline(*given): pass")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPELINE_WORKBOOK_EXERCISES", raising=False)
    return tmp_path


def save(folder: Path, answer: str, *, second: int = 0, note: str = "") -> None:
    """Save a notebook with this answer, at this second of the file system's clock."""
    cell = {"cell_type": "code", "source": answer, "metadata": {"tags": ["answer"]}}
    path = folder / f"{NAME}.ipynb"
    path.write_text(json.dumps({"cells": [cell], "note": note}), encoding="utf-8")
    os.utime(path, (second, second))


def test_nothing_is_checked_before_something_is_saved(folder: Path) -> None:
    watcher = Watcher(folder)
    assert list(watcher.changed()) == []


def test_another_answer_is_noticed_once(folder: Path) -> None:
    watcher = Watcher(folder)
    save(folder, "async def basic_pipeline(*given): return 1", second=1)
    assert list(watcher.changed()) == [NAME]
    assert list(watcher.changed()) == []


def test_saving_the_same_answer_again_is_not_a_change(folder: Path) -> None:
    watcher = Watcher(folder)
    save(folder, "async def basic_pipeline(*given): pass", second=1, note="another output")
    assert list(watcher.changed()) == []


def test_half_a_file_is_passed_over_until_it_is_whole(folder: Path) -> None:
    watcher = Watcher(folder)
    (folder / f"{NAME}.ipynb").write_text('{"cells": [', encoding="utf-8")
    assert list(watcher.changed()) == []
    save(folder, "async def basic_pipeline(*given): return 1", second=2)
    assert list(watcher.changed()) == [NAME]


def test_the_command_line_checks_what_is_saved(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ANSWERS / NAME / "wrong" / "sequential.py"
    save(folder, answer.read_text(encoding="utf-8"))
    assert main(["check", "1", "--seed", "5"]) == 1
    output = capsys.readouterr().out
    assert "failed, 6.5 of 10 points" in output
    assert "(seed 5)" in output
    assert [(checked.points, checked.seed) for checked in history(folder)] == [(6.5, 5)]


def test_a_verdict_is_told_where_progress_cannot_be_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / FILE).mkdir()
    assert main(["check", "1", "--seed", "5"]) == 1
    output = capsys.readouterr().out
    assert "failed, 0 of 10 points" in output
    assert "(Your progress could not be saved: " in output
