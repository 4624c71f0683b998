"""Each notebook keeps to its form: short cells, few words, a picture for whoever has no kernel.

What is checked here is what a program can see of a lesson's form: the steps in their order, a run
before the first definition, a prediction before its figure, goals under every figure, few knobs.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ALL = [*NOTEBOOKS, *sorted((ROOT / "exercises").glob("*.ipynb"))]
ALL += sorted((ROOT / "solutions").glob("*.ipynb"))

FIGURES = {"explore", "compare", "sweep", "search", "watch", "why_late", "replay"}
WIDGET = "application/vnd.jupyter.widget-view+json"
TASKS = {"predict", "parsons", "again"}
WITH_GOALS = {"explore", "watch"}
NO_KNOBS = {"title", "goals", "prediction", "until", "labels", "limit"}
STEPS = ["Predict", "Run", "Investigate", "Many think", "Modify", "Put in order", "Make"]


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in load(path)["cells"] if cell["cell_type"] == kind]


def text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def calls(cell: dict[str, Any], *names: str) -> list[ast.Call]:
    """Return the calls of functions or methods of these names in a code cell, in order."""
    if cell["cell_type"] != "code":
        return []
    return [
        node
        for node in ast.walk(ast.parse(text(cell)))
        if isinstance(node, ast.Call) and _called(node) in names
    ]


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def given(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def knobs(call: ast.Call) -> set[str]:
    return set(given(call)) - NO_KNOBS


def goals(path: Path) -> Iterator[tuple[str, int]]:
    """Yield for each figure that needs goals what it is, and how many it has."""
    named: dict[str, int] = {}
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(text(cell))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                named |= {t.id: len(node.value.keys) for t in node.targets if hasattr(t, "id")}
        for call in calls(cell, *WITH_GOALS):
            value = given(call).get("goals")
            count = len(value.keys) if isinstance(value, ast.Dict) else 0
            yield ast.unparse(call), named.get(getattr(value, "id", ""), count)


each_lesson = pytest.mark.parametrize("path", NOTEBOOKS, ids=name)


@each_lesson
def test_prose_is_short(path: Path) -> None:
    prose = [len(text(cell).split()) for cell in cells(path, "markdown")]
    assert sum(prose) <= 700
    assert max(prose) <= 100


@each_lesson
def test_after_100_words_there_is_a_figure_a_task_or_the_next_step(path: Path) -> None:
    words = [0]
    for cell in load(path)["cells"]:
        if calls(cell, *FIGURES, *TASKS) or text(cell).startswith("## "):
            words.append(0)
        if cell["cell_type"] == "markdown":
            words[-1] += len(text(cell).split())
    assert max(words) <= 100


@each_lesson
def test_code_cells_are_short(path: Path) -> None:
    lengths = [
        sum(bool(line.strip()) for line in text(cell).splitlines()) for cell in cells(path, "code")
    ]
    assert max(lengths) <= 10
    assert sum(length <= 4 for length in lengths) >= len(lengths) / 2
    assert len(lengths) <= 22


@each_lesson
def test_the_steps_of_a_lesson_are_there_in_order(path: Path) -> None:
    whole = "\n".join(text(cell) for cell in load(path)["cells"])
    steps = [*(f"## {step}" for step in STEPS), ".again("]
    places = [whole.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)


@each_lesson
def test_a_run_is_seen_before_anything_is_explained(path: Path) -> None:
    before = []
    for cell in load(path)["cells"]:
        if text(cell).startswith("## "):
            break
        before += cell.get("outputs", [])
    assert before, "the first heading comes before the first output"


@each_lesson
def test_a_prediction_is_asked_for_before_the_run_that_it_covers(path: Path) -> None:
    order = [
        "predicted" if calls(cell, "predict") else "covered"
        for cell in cells(path, "code")
        for call in calls(cell, "predict", *FIGURES)
        if _called(call) == "predict" or "prediction" in given(call)
    ]
    assert "covered" in order
    assert order[0] == "predicted"


@each_lesson
def test_every_figure_has_one_to_three_goals(path: Path) -> None:
    assert [(figure, count) for figure, count in goals(path) if not 1 <= count <= 3] == []


@each_lesson
def test_a_figure_has_two_knobs_and_one_playground_six(path: Path) -> None:
    figures = [
        c for cell in cells(path, "code") for c in calls(cell, "explore", "compare", "watch")
    ]
    counts = sorted(len(knobs(call)) for call in figures)
    assert counts[-1] <= 6
    assert all(count <= 2 for count in counts[:-1])


@each_lesson
def test_something_runs_for_real(path: Path) -> None:
    live = [cell for cell in cells(path, "code") if calls(cell, "watch")]
    assert live
    assert all("nbval-ignore-output" in cell["metadata"].get("tags", []) for cell in live)


@each_lesson
def test_a_live_run_and_what_is_printed_of_its_results_are_saved_from_one_run(path: Path) -> None:
    out = None
    for cell in cells(path, "code"):
        told = json.dumps(cell["outputs"])
        if calls(cell, "watch"):
            [out] = {count for count, _ in re.findall(r"([\d,]+) of ([\d,]+) items out", told)}
        # What the results are called, or nothing where they are counted at once.
        counted = re.search(r"(\w+) = await view\.finished|(?=len\(await view)", text(cell))
        if counted and re.search(rf"len\(({counted[1]}|view\.results|await.*)\)", text(cell)):
            assert out in re.findall(r"[\d,]+", told)


@each_lesson
def test_wrong_answers_are_answered_by_name(path: Path) -> None:
    last = [call for cell in cells(path, "code") for call in calls(cell, "again")]
    assert all({"answer", "because", "mistakes"} <= set(given(call)) for call in last)


@each_lesson
def test_the_source_of_a_parsons_problem_is_folded_because_it_gives_the_order_away(
    path: Path,
) -> None:
    puzzles = [cell for cell in cells(path, "code") if calls(cell, "parsons")]
    assert puzzles
    assert all(cell["metadata"].get("jupyter", {}).get("source_hidden") for cell in puzzles)


@each_lesson
def test_there_is_something_to_make(path: Path) -> None:
    whole = "\n".join(text(cell) for cell in load(path)["cells"])
    make = whole[whole.index("## Make") :]
    links = re.findall(r"\]\((\.\./exercises/[\w.]+)\)", make)
    assert links or "<details>" in make, "neither an exercise nor a task with a folded hint"
    assert all(re.fullmatch(r"\.\./exercises/ex\d\d_\w+\.ipynb", link) for link in links)


@each_lesson
def test_cells_have_names_that_stay(path: Path) -> None:
    ids = [cell["id"] for cell in load(path)["cells"]]
    assert [one for one in ids if not re.fullmatch(r"[a-z]+[a-z0-9]*(-[a-z0-9]+)*", one)] == []


@each_lesson
def test_every_saved_figure_has_a_picture_and_says_what_it_shows(path: Path) -> None:
    for cell in cells(path, "code"):
        for _ in calls(cell, *FIGURES)[:1]:
            shown = [out["data"] for out in cell["outputs"] if "data" in out]
            pictures = [data for data in shown if "image/png" in data]
            assert len(pictures) == sum(WIDGET in data for data in shown)
            for data in pictures:
                assert len("".join(data["text/plain"]).split()) >= 5
            told = ["".join(data.get("text/html", "")) for data in shown]
            assert sum("pw-alternative" in html for html in told) == len(pictures)


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
