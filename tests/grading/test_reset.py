"""A reset gives the stub back, wherever the answer has gone, and loses nothing of it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from graded import ROOT
from keep_stubs import stubs_in_notebooks

from pipeline_kit.grading.__main__ import main
from pipeline_kit.grading.commands.reset import reset, stubs
from pipeline_kit.grading.notebook_file import answer_in_notebook

NAME, FUNCTION = "ex01_basic_pipeline", "basic_pipeline"
ANSWER = "async def basic_pipeline(*given):\n    return 'my hard work'"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "exercises" / f"{NAME}.ipynb", tmp_path))


def cells_of(notebook: Path) -> list[dict[str, Any]]:
    """Return the cells without their counters."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "execution_count": None} for cell in cells]


def change(notebook: Path, *sources: str | None) -> None:
    """Replace the answer cell by untagged cells with these sources; None keeps its tag."""
    cells = cells_of(notebook)
    place = next(n for n, cell in enumerate(cells) if cell["metadata"].get("tags"))
    tagged = cells.pop(place)
    for source in sources:
        cell = {**tagged, "metadata": {}, "source": source}
        cells.insert(place, {**tagged, "source": ANSWER} if source is None else cell)
    content = {**json.loads(notebook.read_text(encoding="utf-8")), "cells": cells}
    notebook.write_text(json.dumps(content), encoding="utf-8")


def test_the_stubs_are_those_of_the_notebooks() -> None:
    assert stubs() == stubs_in_notebooks(), "run python tests/grading/keep_stubs.py"


@pytest.mark.parametrize(
    "sources", [(None,), (ANSWER,), (None, ANSWER), ()], ids=["edited", "moved", "copied", "gone"]
)
def test_the_notebook_is_as_it_was_at_first(
    notebook: Path, sources: tuple[str | None, ...]
) -> None:
    fresh = cells_of(notebook)
    change(notebook, *sources)
    reset(notebook.parent, NAME, FUNCTION)
    answer_cell = next(cell for cell in cells_of(notebook) if cell["metadata"].get("tags"))
    assert cells_of(notebook) == fresh
    assert answer_cell["metadata"]["nbgrader"]["grade_id"] == f"{NAME}-answer"
    assert answer_in_notebook(notebook, FUNCTION)[0] == stubs()[NAME]


def test_the_old_answers_are_kept_one_by_one(notebook: Path) -> None:
    for number in (1, 2):
        change(notebook, None)
        assert f"your answer is in {NAME}.old{number}.py" in reset(notebook.parent, NAME, FUNCTION)
        kept = notebook.parent / f"{NAME}.old{number}.py"
        assert kept.read_text(encoding="utf-8") == ANSWER + "\n"


def test_a_stub_is_left_alone(notebook: Path) -> None:
    before = notebook.read_bytes()
    assert "nothing but the stub already" in reset(notebook.parent, NAME, FUNCTION)
    assert notebook.read_bytes() == before
    assert not list(notebook.parent.glob("*.py"))


def test_a_damaged_notebook_is_left_alone(notebook: Path) -> None:
    notebook.write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(ValueError, match="damaged, or half of a merge"):
        reset(notebook.parent, NAME, FUNCTION)
    assert notebook.read_text(encoding="utf-8") == "<<<<<<< HEAD"


def test_a_notebook_that_cannot_be_written_is_left_alone(notebook: Path) -> None:
    change(notebook, None)
    text = notebook.read_text(encoding="utf-8").replace("# Exercise 1", "\\ud800 # Exercise 1")
    notebook.write_text(text, encoding="utf-8")
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        reset(notebook.parent, NAME, FUNCTION)
    assert notebook.read_text(encoding="utf-8") == text
    assert not list(notebook.parent.glob("*.tmp"))


def test_a_byte_order_mark_goes_with_a_reset(notebook: Path) -> None:
    change(notebook, None)
    notebook.write_text(notebook.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert "has its stub back" in reset(notebook.parent, NAME, FUNCTION)
    json.loads(notebook.read_text(encoding="utf-8"))


@pytest.mark.parametrize("wanted", ["1", "ex1", "ex01", NAME])
def test_the_command_line_resets_one_exercise(
    notebook: Path, wanted: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(ROOT / "exercises" / f"test_{NAME}.py", notebook.parent)
    monkeypatch.chdir(notebook.parent)
    monkeypatch.delenv("PIPELINE_WORKBOOK_EXERCISES", raising=False)
    change(notebook, None)
    assert main(["reset", wanted]) == 0
    assert f"{NAME}.ipynb has its stub back" in capsys.readouterr().out


def test_an_exercise_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        main(["reset", "77"])
    assert "there is no exercise '77', only ex01_basic_pipeline," in capsys.readouterr().err
