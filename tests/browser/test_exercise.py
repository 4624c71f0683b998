"""An exercise as a student meets it: a wrong answer, the run that shows why, hints one by one."""

import json
import re

import pytest

NAME = "ex01_basic_pipeline"
SEQUENTIAL = """\
async def basic_pipeline(source, stage1, stage2, stage3, sink):
    async for item in source:
        await sink.send(await stage3(await stage2(await stage1(item))))
    sink.close()
"""


@pytest.fixture(scope="module")
def notebook(lab, open_notebook):
    path = lab.root / "exercises" / f"{NAME}.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in content["cells"] if "answer" in c["metadata"].get("tags", []))
    cell["source"] = SEQUENTIAL
    path.write_text(json.dumps(content), encoding="utf-8")
    opened = open_notebook(f"exercises/{NAME}.ipynb")
    opened.run_all()
    return opened


def test_the_run_of_the_answer_is_drawn(notebook):
    assert notebook.errors() == []
    notebook.output("ex01-5").get_by_text("6 of 6 items out in").first.wait_for()


def test_the_violation_is_opened_at_its_moment(notebook):
    check = notebook.output("ex01-7")
    check.get_by_text("failed, 6.5 of 10 points").wait_for()
    check.locator(".pw-title").get_by_text("✕ All three stages work at the same time").wait_for()
    said = check.locator(".pw-error").inner_text()
    due = re.search(r"instead of (\S+) s", said)[1]
    assert check.locator(".pw-now").get_by_text(f"At {due} s:").count() == 1


def test_the_second_hint_is_out_of_sight_until_the_first_is_open(notebook):
    hints = notebook.output("ex01-9")
    first, second = hints.get_by_text("Hint 1 of 3"), hints.get_by_text("Hint 2 of 3")
    assert first.is_visible()
    assert not second.is_visible()
    first.click()
    second.wait_for(state="visible")
    assert not hints.get_by_text("Give each stage a task of its own").is_visible()
