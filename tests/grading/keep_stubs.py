"""Copy the stubs of the exercises into the grader, which puts them back on `reset`.

python tests/grading/keep_stubs.py
"""

import json
from pathlib import Path

from pipeline_kit.grading.notebook_file import is_answer, read_cells, source_of

ROOT = Path(__file__).parents[2]
STUBS = ROOT / "pipeline_kit" / "grading" / "stubs.json"


def stubs_in_notebooks() -> dict[str, str]:
    """Return what stands in the answer cell of each exercise."""
    return {
        path.stem: "".join(source_of(cell) for cell in read_cells(path) if is_answer(cell))
        for path in sorted((ROOT / "exercises").glob("ex*.ipynb"))
    }


if __name__ == "__main__":
    text = json.dumps(stubs_in_notebooks(), indent=1, ensure_ascii=False)
    STUBS.write_text(text + "\n", encoding="utf-8")
