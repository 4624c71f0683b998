"""The grader's options for pytest, `--answers DIR` and `--seed N`, which it knows from its start.

pytest takes the value of an option that it does not know for a path, and runs the conftest.py it
finds there. For `pytest --answers DIR exercises/` that would be one that was handed in. So
`pyproject.toml` has pytest load this module before any conftest.py.
"""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("grading", "grading of exercises")
    group.addoption("--answers", help="folder of the notebooks to grade (default: exercises)")
    group.addoption("--seed", type=int, help="repeat a grading with the parameters of this seed")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Let `-p no:nbval` leave nbval out, though `pyproject.toml` has options for it."""
    if early_config.pluginmanager.is_blocked("nbval"):
        args[:] = [each for each in args if not each.startswith("--nbval-")]


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a folder of answers that is not there, or that nothing would be graded in.

    Raises:
        pytest.UsageError: it is one of these.
    """
    folder = config.getoption("answers")
    if not folder:
        return
    if not Path(folder).is_dir():
        raise pytest.UsageError(f"--answers {folder}: there is no such folder")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        example = f"pytest exercises/ --answers {folder}"
        raise pytest.UsageError(f"--answers {folder}: say by which checks, as in `{example}`")
