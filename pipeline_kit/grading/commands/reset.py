"""Reset: puts the stub of an exercise back into its notebook, and keeps the old answer beside it.

The stubs are kept in `stubs.json`, because a student's notebook no longer has them, and there may
be no git.
"""

import json
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

from pipeline_kit.grading.notebook_file import defines, is_answer, read_cells, source_of


def stubs() -> dict[str, str]:
    """Return the code that the answer cell of each exercise has at first, by exercise."""
    text = (files("pipeline_kit.grading") / "stubs.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def reset(folder: Path, exercise: str, function: str) -> str:
    """Put the stub of an exercise back into its notebook; return what was done, in a sentence.

    Every cell that is tagged as the answer or defines its function makes room for one fresh cell;
    what stood there is kept in a Python file beside the notebook.

    Args:
        folder: the folder of the notebook.
        exercise: name of the notebook without `.ipynb`.
        function: name of the function that the answer defines.

    Raises:
        FileNotFoundError: there is no such notebook.
        ValueError: it is not a notebook, or the exercise has no stub.
    """
    path, stub = folder / f"{exercise}.ipynb", stubs().get(exercise)
    if stub is None:
        raise ValueError(f"there is no stub for {exercise}; take a fresh copy of its notebook")
    answers = [cell for cell in read_cells(path) if _belongs_to(cell, function)]
    old = "\n\n".join(map(source_of, answers))
    if len(answers) == 1 and is_answer(answers[0]) and old.strip() == stub.strip():
        return f"{path.name} has nothing but the stub already."
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    kept = [cell for cell in content["cells"] if cell not in answers]
    kept.insert(_place(content["cells"], answers), _fresh_cell(exercise, stub))
    backup = _keep(folder, exercise, old) if old.strip() else None
    _write(path, json.dumps({**content, "cells": kept}, indent=1, ensure_ascii=False) + "\n")
    where = f"; your answer is in {backup.name}" if backup else ""
    return f"{path.name} has its stub back{where}. If it is open: File, Reload Notebook from Disk."


def _belongs_to(cell: dict[str, Any], function: str) -> bool:
    return is_answer(cell) or defines(source_of(cell), function)


def _place(cells: list[dict[str, Any]], answers: list[dict[str, Any]]) -> int:
    """Return where the fresh cell belongs: where the first answer was, else beneath its title."""
    if answers:
        return cells.index(answers[0])
    titles = [n for n, cell in enumerate(cells) if "## Your answer" in "".join(cell["source"])]
    return titles[0] + 1 if titles else len(cells)


def _fresh_cell(exercise: str, stub: str) -> dict[str, Any]:
    nbgrader = {
        "cell_type": "code",
        "grade": False,
        "grade_id": f"{exercise}-answer",
        "locked": False,
        "schema_version": 3,
        "solution": True,
        "task": False,
    }
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"{exercise[:4]}-3",
        "metadata": {"nbgrader": nbgrader, "tags": ["answer"]},
        "outputs": [],
        "source": stub.splitlines(keepends=True),
    }


def _write(path: Path, text: str) -> None:
    """Write a file in one go, so that it is as it was if that fails, as on a full disk."""
    draft = path.with_suffix(".tmp")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _keep(folder: Path, exercise: str, answer: str) -> Path:
    """Write the old answer to a file of its own, and return that."""
    names = (folder / f"{exercise}.old{number}.py" for number in count(1))
    backup = next(path for path in names if not path.exists())
    backup.write_text(answer + "\n", encoding="utf-8")
    return backup
