"""The answer is found in the notebook, wherever the student has moved it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_kit.grading.notebook_file import answer_in_notebook, newest_definition


def notebook(path: Path, *cells: tuple[str, list[str]]) -> Path:
    content = [
        {
            "cell_type": "code",
            "source": source.splitlines(keepends=True),
            "metadata": {"tags": tags},
        }
        for source, tags in cells
    ]
    path.write_text(json.dumps({"cells": content}), encoding="utf-8")
    return path


def test_the_answer_is_what_is_tagged(tmp_path: Path) -> None:
    path = notebook(tmp_path / "x.ipynb", ("a = 1", ["answer"]), ("b", []), ("c\n", ["answer"]))
    assert answer_in_notebook(path, "f") == ("a = 1\n\nc\n", "")


def test_an_answer_that_has_lost_its_tag_is_found_by_its_function(tmp_path: Path) -> None:
    path = notebook(tmp_path / "x.ipynb", ("async def f(): 1", []), ("async def f(): 2", []))
    assert answer_in_notebook(path, "f")[0] == "async def f(): 2"


STUB = "async def f():\n    raise NotImplementedError"


@pytest.mark.parametrize("tagged", ["", "# nothing here", STUB], ids=["empty", "a remark", "stub"])
def test_an_answer_in_another_cell_than_the_one_meant_is_found(tmp_path: Path, tagged: str) -> None:
    cells = ("import this", []), (tagged, ["answer"]), ("async def f(): 1", []), ("f()", [])
    assert answer_in_notebook(notebook(tmp_path / "x.ipynb", *cells), "f")[0] == "async def f(): 1"


def test_a_stub_that_was_not_touched_is_the_answer(tmp_path: Path) -> None:
    path = notebook(tmp_path / "x.ipynb", (STUB, ["answer"]), ("show()", []))
    assert answer_in_notebook(path, "f") == (STUB, "")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"cells": []}', "no code cell of x.ipynb defines f"),
        ("<<<<<<< HEAD", "not a notebook"),
        (None, "there is no notebook x.ipynb"),
        ("[" * 100_000, "not a notebook"),
        ('{"cells": [{"cell_type": "code", "source": null}]}', "not a notebook"),
        ('{"cells": [{"cell_type": "code", "source": "", "metadata": null}]}', "not a notebook"),
    ],
    ids=["no cell", "half a merge", "nothing", "deep", "no source", "no metadata"],
)
def test_where_there_is_no_answer_it_says_so(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    source, missing = answer_in_notebook(path, "f")
    assert source == ""
    assert sentence in missing


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
def test_a_folder_or_a_pipe_of_that_name_is_no_answer(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "x.ipynb")
    assert "x.ipynb is no file" in answer_in_notebook(tmp_path / "x.ipynb", "f")[1]


def test_a_notebook_that_nobody_may_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    path = notebook(tmp_path / "x.ipynb", ("async def f(): pass", ["answer"]))
    monkeypatch.setattr(Path, "read_text", refuse)
    assert answer_in_notebook(path, "f") == ("", "x.ipynb cannot be read: Permission denied")


def test_in_a_kernel_the_newest_definition_counts() -> None:
    assert newest_definition(["def f(): 1", "f()", "def f(:", "x = f"], "f") == "def f(:"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = notebook(tmp_path / "x.ipynb", ("async def f(): pass", ["answer"]))
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert answer_in_notebook(path, "f") == ("async def f(): pass", "")
