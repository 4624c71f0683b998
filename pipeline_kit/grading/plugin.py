"""Grading in pytest: `pytest exercises/`, with `--answers DIR` and `--seed N` (`options`).

`exercises/conftest.py` imports these hooks. Each check is a test; each notebook is run by nbval. A
check that does not hold fails with what happened, never with a traceback of the grader. At the end
there is a line for each exercise, and the exit status is 1 unless all passed.
"""

import os
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pipeline_kit.grading import options
from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import HIDDEN, check_of, load
from pipeline_kit.grading.display.summary import write_problems, write_scores
from pipeline_kit.grading.folder import FOLDER_VARIABLE, exercises_in
from pipeline_kit.grading.notebook_file import answer_in_notebook
from pipeline_kit.grading.progress import record
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report

_REPORTS = pytest.StashKey[dict[Path, Report]]()
_SEED = pytest.StashKey[int]()
_NBVALS_OWN, _CELL_TIMEOUT = 2000, 60
"""Seconds that a cell of a notebook may take: nbval's own would hold up a class, so ours count."""


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options of the grader, where no `pyproject.toml` of ours has done so."""
    pluginmanager.import_plugin(options.__name__)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed, and have pytest run nothing that was handed in but notebooks.

    Raises:
        pytest.UsageError: several processes are to grade, of which none would know all verdicts.
    """
    if config.getoption("numprocesses", None):
        raise pytest.UsageError(
            "an exercise is graded by one process; leave out -n, or use `grade`"
        )
    seed, folder = config.getoption("seed"), config.getoption("answers")
    config.stash[_SEED] = random.randrange(10_000) if seed is None else seed
    config.stash[_REPORTS] = {}
    _let_nbval_run_the_notebooks(config)
    # Where nothing can be written, pytest has no cache; a grade does not depend on it.
    config.addinivalue_line("filterwarnings", "ignore::pytest.PytestCacheWarning")
    places = [p.resolve() for p in _folders(config) if any(p.glob("test_ex*.py"))]
    for place in places:
        os.environ[FOLDER_VARIABLE] = str(place)  # for notebooks in other folders
    if folder:
        config.pluginmanager.register(_HandedIn(Path(folder).resolve(), places))
        config.pluginmanager._noconftest = True  # ours, which calls this, is loaded
    if folder and any(Path(argument).is_dir() for argument in config.args):
        config.args.append(folder)
    if _only_exercises(config):
        config.option.tbstyle = "no"  # the summary below says it all, and shorter
        config.option.reportchars = ""
        config.option.continue_on_collection_errors = True  # one damaged notebook stops no other


def _let_nbval_run_the_notebooks(config: pytest.Config) -> None:
    config.option.nbval_lax = True
    config.option.nbval_current_env = True
    if getattr(config.option, "nbval_cell_timeout", 0) == _NBVALS_OWN:
        config.option.nbval_cell_timeout = _CELL_TIMEOUT


def pytest_report_header(config: pytest.Config) -> str:
    """Say how to repeat this grading."""
    return f"parameters drawn from seed {config.stash[_SEED]} (repeat with --seed)"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the notebooks in `exercises` if those of another folder are graded."""
    checks = collection_path.with_name(f"test_{collection_path.stem}.py")
    if collection_path.suffix == ".ipynb" and checks.exists():
        return _notebook(config, checks) != collection_path or None
    return None


class _HandedIn:
    """Has pytest run nothing in the folder of `--answers` but the notebooks of exercises.

    A plugin of its own, because the hooks of a conftest.py do not count for other folders.
    """

    def __init__(self, folder: Path, places: list[Path]) -> None:
        self._folder = folder
        self._ours = [place for place in places if place.is_relative_to(folder)]
        self._notebooks = {
            folder / f"{name}.ipynb" for place in places for name, _ in exercises_in(place)
        }

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out all else, such as a student's copy of the checks."""
        path = collection_path
        if self._folder not in path.parents or path in self._notebooks:
            return None
        is_ours = any(path.is_relative_to(it) or it.is_relative_to(path) for it in self._ours)
        return not is_ours or None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector:
        """Take a folder for a folder, not for a package to be imported."""
        return pytest.Dir.from_parent(parent, path=path)


@pytest.fixture(scope="module")
def answer(request: pytest.FixtureRequest) -> Iterator[Answer]:
    """The answer to the exercise whose checks stand in this module."""
    checks = _public(request.path)
    exercise, _ = load(checks)
    path = _notebook(request.config, checks)
    source, missing = answer_in_notebook(path, exercise.function)
    report = Report(exercise, request.config.stash[_SEED])
    request.config.stash[_REPORTS].setdefault(checks, report)
    with Answer(source, exercise.function, missing=missing) as found:
        yield found


@pytest.fixture
def draw() -> None:
    """Stands in for the parameters of a check, which are drawn when it is judged."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Judge a check, and tell pytest what came of it."""
    check = check_of(pyfuncitem.obj)
    if check is None:
        return None
    report = pyfuncitem.config.stash[_REPORTS][_public(pyfuncitem.path)]
    found = pyfuncitem.funcargs["answer"]
    assert isinstance(found, Answer)
    verdict = report.judge(check, found)
    # For `--junitxml`, by which other programs can read the grade.
    pyfuncitem.user_properties += [("points", verdict.points), ("of", check.points)]
    if verdict.status is Status.NOT_ATTEMPTED:
        pytest.skip(verdict.message)
    if verdict.status is not Status.PASSED:
        pytest.fail(f"{verdict.status}: {verdict.message}\nHint: {check.hint}", pytrace=False)
    return True


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Exit with 1 unless every exercise has passed; keep a student's progress."""
    reports = session.config.stash[_REPORTS]
    unmet = any(report.status is not Status.PASSED for report in reports.values())
    if exitstatus == pytest.ExitCode.OK and unmet:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    for checks, report in reports.items():
        notebook = _notebook(session.config, checks)
        is_whole = len(report.verdicts) == len(load(checks)[1])  # not so with -k or ::test_…
        if is_whole and notebook.parent == checks.parent.resolve():
            with suppress(OSError):  # a grade does not depend on it
                record(checks.parent, notebook.stem, report)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write what does not hold, then a line for each exercise, and the total."""
    reports = sorted(config.stash[_REPORTS].values(), key=lambda report: report.exercise.number)
    if reports and _only_exercises(config):
        write_problems(terminalreporter, reports)
    if reports:
        write_scores(terminalreporter, reports, config.stash[_SEED])


def _public(checks: Path) -> Path:
    """Return the file with the public checks of an exercise; the hidden ones are beside it."""
    return checks.with_name(f"{checks.stem.removesuffix(HIDDEN)}.py")


def _notebook(config: pytest.Config, checks: Path) -> Path:
    """Return the notebook with the answer that the checks in this file judge."""
    folder = Path(config.getoption("answers") or checks.parent)
    return (folder / f"{checks.stem.removeprefix('test_')}.ipynb").resolve()


def _only_exercises(config: pytest.Config) -> bool:
    """Whether nothing but exercises is being tested, so that the grader has the terminal."""
    answers = Path(config.getoption("answers") or ".")
    return all(any(f.glob("test_ex*.py")) or f == answers for f in _folders(config))


def _folders(config: pytest.Config) -> list[Path]:
    """Return the folders that pytest was told to look into."""
    paths = [Path(argument.split("::")[0]) for argument in config.args]
    return [path if path.is_dir() else path.parent for path in paths]
