"""A live run whose kernel is restarted, or whose page is closed: nothing of it may stay behind."""

import nbformat
import pytest
from playwright.sync_api import expect

WATCH = """
import asyncio
import itertools

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import watch


def make(knobs):
    async def work(item):
        await asyncio.sleep(0.01)
        return item

    return Pipeline(Stage(work)), itertools.count()


view = watch(make, limit={limit})
view
"""
RUNNING = "sum(task.get_name() == 'live run' for task in asyncio.all_tasks())"
RESTART = "jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
KERNELS = """async () => {
  const { kernels } = jupyterapp.serviceManager;
  await kernels.refreshRunning();
  return [...kernels.running()].length;
}"""


@pytest.fixture
def write(lab):
    def write_it(name, limit):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        cell = nbformat.v4.new_code_cell(WATCH.format(limit=limit), id="live")
        notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
        nbformat.write(notebook, lab.root / name)
        return name

    return write_it


def test_after_a_restart_of_the_kernel_another_run_begins_and_none_is_left(write, open_notebook):
    notebook = open_notebook(write("restarted.ipynb", limit=60))
    notebook.run_all()
    notebook.wait_for("view.state", "'running'")
    before = notebook.page.evaluate(KERNELS)  # those of other tests' notebooks among them
    notebook.page.evaluate(RESTART)
    notebook.run_all()
    notebook.wait_for("view.state", "'running'")
    assert notebook.kernel(RUNNING) == "1"
    assert notebook.page.evaluate(KERNELS) == before
    figure = notebook.output("live")
    figure.get_by_role("button", name="Stop", exact=True).click()
    notebook.wait_for("view.state", "'stopped'")
    assert notebook.kernel(RUNNING) == "0"
    expect(figure.get_by_role("status")).to_have_text("stopped")


def test_a_run_whose_page_is_closed_ends_at_its_limit(write, open_notebook):
    path = write("closed.ipynb", limit=3)
    notebook = open_notebook(path)
    notebook.run_all()
    notebook.wait_for("view.state", "'running'")
    notebook.page.close()
    again = open_notebook(path)
    again.wait_for("view.state", "'stopped'")
    assert again.kernel(RUNNING) == "0"
    assert again.kernel("view._message") == "'Stopped after 3 s, the limit.'"
