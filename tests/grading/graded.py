"""Answers that are right, wrong and odd, and short ways to grade them."""

import ast
from pathlib import Path

from pipeline_kit.grading.verdicts import Report, grade

ROOT = Path(__file__).parents[2]
ANSWERS = Path(__file__).parent / "answers"


def grade_source(exercise: str, source: str, seed: int = 1) -> Report:
    return grade(ROOT / "exercises" / f"test_{exercise}.py", source, seed)


def answers(kind: str) -> list[Path]:
    """Return the files of one kind, `right` or `wrong`; each tells in its docstring what it is."""
    return sorted(ANSWERS.glob(f"*/{kind}/*.py"))


def failing_check(path: Path) -> str:
    """Return the check that a wrong answer should fail: the last line of its docstring says so."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("Fails: ")[2].strip()


def name_of(path: Path) -> str:
    return f"{path.parts[-3][:4]}-{path.stem}"


def grade_basic(body: str) -> Report:
    """Grade the body of a `basic_pipeline`."""
    head = "import asyncio\n\nasync def basic_pipeline(source, stage1, stage2, stage3, sink):\n"
    indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return grade_source("ex01_basic_pipeline", head + indented)
