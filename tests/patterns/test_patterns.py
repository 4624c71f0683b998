"""The tour of the patterns names every module there is, and no other."""

import re
from pathlib import Path

from pipeline_kit import patterns


def test_every_module_is_on_the_tour() -> None:
    modules = {path.stem for path in Path(patterns.__file__).parent.glob("*.py")} - {"__init__"}
    table = (patterns.__doc__ or "").split("\n\n")[1]
    columns = "\n".join(line[24:] for line in table.splitlines()[1:])
    assert set(re.findall(r"[a-z]\w+", columns)) == modules


def test_every_module_has_its_tests() -> None:
    """Those that are a part of another are tested there."""
    here = Path(__file__).parent
    tested = {path.stem.removeprefix("test_") for path in here.glob("test_*.py")}
    modules = {path.stem for path in Path(patterns.__file__).parent.glob("*.py")} - {"__init__"}
    parts = {"cache_loading", "cache_statistics", "cache_store", "circuit_state", "snapshots"}
    parts |= {"peak_ewma", "pool_statistics", "strategy", "time_limit"}
    assert modules - tested == parts
