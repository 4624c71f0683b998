"""A JupyterLab for all tests of this folder, and a browser for each of its modules."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

from lab import CHROMIUM, Lab, Notebook, browse  # which needs Playwright


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("lab"))
    try:
        running.wait()
        yield running
    finally:
        running.stop()


# Not for the whole session: while Playwright is at work, no other test can run an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    with browse() as found:
        yield found


@pytest.fixture(scope="module")
def open_notebook(lab: Lab, browser: Any) -> Iterator[Callable[[str], Notebook]]:
    opened: list[Notebook] = []

    def open_it(path: str) -> Notebook:
        opened.append(Notebook(lab, browser, path))
        return opened[-1]

    yield open_it
    for notebook in opened:
        notebook.page.close()
        assert notebook.complaints == []
    assert lab.errors() == []
