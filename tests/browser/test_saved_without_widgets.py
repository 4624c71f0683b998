"""What a saved figure shows in JupyterLab: with its widget, and without."""

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import expect

FIGURE = """
import asyncio

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import explore


def make(knobs):
    async def work(item):
        await asyncio.sleep(knobs.delay)
        return item

    return Pipeline(Stage(work)), range(3)


explore(make, delay=(1, 5, 1, 2))
"""


@pytest.fixture(scope="module")
def path(lab):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cell = nbformat.v4.new_code_cell(FIGURE, id="figure")
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    NotebookClient(notebook, store_widget_state=False).execute()
    nbformat.write(notebook, lab.root / "saved.ipynb")
    return "saved.ipynb"


def test_words_and_numbers_stand_below_the_picture_until_the_widget_lives(path, open_notebook):
    notebook = open_notebook(path)
    figure = notebook.output("figure")
    words = figure.get_by_text(
        "3 of 3 items out in 6 s; bottleneck: work, working 100 % of the time."
    )
    expect(figure.locator("img")).to_be_visible()
    expect(words).to_be_visible()
    figure.locator("summary").click()
    expect(figure.locator("tr", has_text="2 to 4")).to_be_visible()
    notebook.run_all()
    expect(figure.locator(".pw-title")).to_be_visible()
    expect(figure.locator(".pw-alternative")).to_have_count(1)
    expect(figure.locator(".pw-alternative")).to_be_hidden()
