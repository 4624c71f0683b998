"""Each notebook keeps to its form: short cells, few words, a picture for whoever has no kernel."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALL = [*NOTEBOOKS, *sorted((ROOT / "exercises").glob("*.ipynb"))]
ALL += sorted((ROOT / "solutions").glob("*.ipynb"))


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in load(path)["cells"] if cell["cell_type"] == kind]


def text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_prose_is_short(path: Path) -> None:
    prose = [len(text(cell).split()) for cell in cells(path, "markdown")]
    assert sum(prose) <= 700
    assert max(prose) <= 100


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_code_cells_are_short(path: Path) -> None:
    lengths = [
        sum(bool(line.strip()) for line in text(cell).splitlines()) for cell in cells(path, "code")
    ]
    assert len(lengths) <= 20
    assert max(lengths) <= 16
    assert sum(length <= 10 for length in lengths) >= 0.8 * len(lengths)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_the_steps_of_a_lesson_are_there_in_order(path: Path) -> None:
    whole = "\n".join(text(cell) for cell in load(path)["cells"])
    headings = ["Predict", "Run", "Investigate", "Many think", "Modify", "Put in order", "Make"]
    steps = [*(f"## {heading}" for heading in headings), ".again("]
    places = [whole.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("path", ALL, ids=name)
def test_it_is_saved_executed_with_pictures_and_without_machine(path: Path) -> None:
    notebook = load(path)
    code = [cell for cell in cells(path, "code") if text(cell).strip()]
    assert all(cell["execution_count"] for cell in code)
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert "widgets" not in notebook["metadata"]
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert not re.search(r"/home/|/root/|/tmp/|/Users/", json.dumps(notebook))
    figures = [output for output in outputs if "widget" in str(output.get("data", {}).keys())]
    alternatives = ("image/png", "text/html")
    assert all(any(kind in figure["data"] for kind in alternatives) for figure in figures)
