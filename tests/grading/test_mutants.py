"""Each mutant differs from the program in one place, and the checks notice the difference."""

import ast

import pytest
from graded import ROOT
from mutants import mutants
from mutation import survives

EXAMPLE = '''
async def passes(source, sink):
    """Pass on what is above 3."""
    count = 0
    async for item in source:
        if item > 3:
            count += 1
            await sink.send(item, count)
        else:
            continue
    return count
'''


def test_each_is_another_program_that_python_can_read() -> None:
    found = [mutant.source for mutant in mutants(EXAMPLE)]
    assert len(set(found)) == len(found) >= 15
    assert ast.unparse(ast.parse(EXAMPLE)) not in found
    for source in found:
        compile(source, "mutant", "exec")


@pytest.mark.parametrize(
    "change",
    [
        "count = 0 → pass",
        "in `if item > 3:`: item > 3 → item >= 3",
        "in `if item > 3:`: 3 → 4",
        "count += 1 → count -= 1",
        "await sink.send(item, count) → sink.send(item, count)",
        "in `await sink.send(item, count)`: sink.send(item, count) → sink.send(count, item)",
        "in `await sink.send(item, count)`: sink.send(item, count) → sink.send(item)",
        "continue → break",
        "return count → pass",
        "in `async for item in source:`: async for item in source: … → pass",
    ],
)
def test_it_tells_what_was_changed(change: str) -> None:
    assert change in [mutant.change for mutant in mutants(EXAMPLE)]


def test_the_docstring_is_left_alone() -> None:
    assert all("Pass on what is above 3." in mutant.source for mutant in mutants(EXAMPLE))


def test_a_mutant_that_keeps_the_sink_open_does_not_survive() -> None:
    checks = ROOT / "exercises" / "test_ex01_basic_pipeline.py"
    path = ROOT / "tests/grading/answers/ex01_basic_pipeline/right/queues.py"
    source = path.read_text(encoding="utf-8")
    mutant = next(m for m in mutants(source) if m.change.startswith("sink.close() → pass"))
    assert not survives(checks, mutant)
