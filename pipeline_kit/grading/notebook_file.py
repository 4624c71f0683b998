"""Where the answer stands: in a notebook file, or among the cells that a kernel has run."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def read_cells(path: Path) -> list[dict[str, Any]]:
    """Return the code cells of a notebook file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a notebook, or cannot be read.
    """
    try:
        # Some editors on Windows put a byte order mark in front, which the "-sig" leaves out.
        cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code" and "source" in cell]
        for cell in code:  # here, so that what is odd in a cell is found here too
            source_of(cell), is_answer(cell)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        damaged = f"{path.name} is not a notebook in nbformat 4; is it damaged, or half of a merge?"
        raise ValueError(damaged) from None
    return code


def answer_in_notebook(path: Path, function: str) -> tuple[str, str]:
    """Return the answer in a notebook file, and what to say if it is "".

    The answer is what stands in the cells tagged `answer`. If `function` is not defined there, or
    not yet, because the cell was emptied, moved or copied, it is the last cell that defines it.
    """
    if path.is_symlink():
        return "", f"{path.name} is only a link; the notebook itself is wanted"
    if path.exists() and not path.is_file():  # to read a pipe would take for ever
        return "", f"{path.name} is no file; the notebook itself is wanted"
    try:
        cells = read_cells(path)
    except FileNotFoundError:
        return "", f"there is no notebook {path.name}"
    except ValueError as error:
        return "", str(error)
    tagged = "\n\n".join(source_of(cell) for cell in cells if is_answer(cell))
    others = [source_of(cell) for cell in cells if not is_answer(cell)]
    if defines(tagged, function) and "raise NotImplementedError" not in tagged:
        return tagged, ""
    if source := newest_definition(others, function) or tagged:
        return source, ""
    remedy = f"`python -m pipeline_kit.grading reset {path.stem}` puts its cell back"
    return "", f"no code cell of {path.name} defines {function}; {remedy}"


def newest_definition(cells: Sequence[str], function: str) -> str:
    """Return the last of the `cells` that defines `function`, or "" if none does."""
    return next((cell for cell in reversed(cells) if defines(cell, function)), "")


def defines(source: str, function: str) -> bool:
    """Tell whether code defines `function`, also if Python cannot read it."""
    return bool(re.search(rf"^(async\s+)?def\s+{function}\b", source, re.MULTILINE))


def is_answer(cell: dict[str, Any]) -> bool:
    """Tell whether a cell of a notebook is where the answer belongs."""
    return "answer" in cell.get("metadata", {}).get("tags", [])


def source_of(cell: dict[str, Any]) -> str:
    """Return the code of a cell, which a file keeps as one text or as lines."""
    return "".join(cell["source"])
