"""Where the answer stands: in a notebook file, or among the cells that a kernel has run."""

import json
import re
from collections.abc import Sequence
from pathlib import Path


def answer_in_notebook(path: Path, function: str) -> tuple[str, str]:
    """Return the answer in a notebook file, and what to say if it is "".

    The answer is what stands in the cells tagged `answer`. If there are none, because the cell was
    moved or copied, it is the last cell that defines `function`.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        return "", f"there is no notebook {path.name}"
    except (ValueError, KeyError, TypeError):
        return "", f"{path.name} is not a notebook; is it damaged, or half of a merge?"
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    tagged = [c for c in code if "answer" in c.get("metadata", {}).get("tags", [])]
    if tagged:
        return "\n\n".join("".join(cell["source"]) for cell in tagged), ""
    source = newest_definition(["".join(cell["source"]) for cell in code], function)
    return source, f"no cell of {path.name} defines {function}; take it from a fresh copy"


def newest_definition(cells: Sequence[str], function: str) -> str:
    """Return the last of the `cells` that defines `function`, or "" if none does."""
    definition = re.compile(rf"^(async\s+)?def\s+{function}\b", re.MULTILINE)
    return next((cell for cell in reversed(cells) if definition.search(cell)), "")
