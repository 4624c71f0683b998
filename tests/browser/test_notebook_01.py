"""Notebook 1 as a student meets it: in JupyterLab, in a browser."""

import pytest

NOTEBOOK = "notebooks/01_what_is_a_pipeline.ipynb"


@pytest.fixture(scope="module")
def notebook(open_notebook):
    opened = open_notebook(NOTEBOOK)
    opened.run_all()
    return opened


def test_it_runs_from_top_to_bottom(notebook):
    assert notebook.errors() == []
    notebook.output("live-chart").locator("img").wait_for()


def test_a_slider_redraws_the_whole_run_and_ticks_the_goals(notebook):
    figure = notebook.output("modify-run")
    figure.get_by_text("bottleneck: tokenise").first.wait_for()
    before = figure.screenshot()
    workers = figure.locator("input[data-knob=workers]")
    workers.press("ArrowRight")
    workers.press("ArrowRight")
    figure.get_by_text("12 of 12 items out in 16 s").first.wait_for()
    figure.get_by_text("all 12 files out within 18 s reached").wait_for()
    assert figure.screenshot() != before


def test_a_prediction_uncovers_the_run(notebook):
    notebook.output("run").get_by_text("covered until you have locked").wait_for()
    form = notebook.output("predict")
    form.get_by_placeholder("a number").fill("36")
    form.get_by_role("button", name="certain").click()
    form.get_by_role("button", name="Lock in").click()
    form.get_by_text("Locked in: 36 s").wait_for()
    notebook.output("run").get_by_text("out in 14 s").first.wait_for()
    assert notebook.kernel("guess.value") == "36.0"


def test_the_live_run_follows_its_sliders_pauses_and_stops(notebook):
    figure = notebook.output("live-run")
    figure.get_by_role("button", name="Start", exact=True).click()
    notebook.wait_for("view.state", "'running'")
    figure.locator("input[data-knob=delay]").press("End")
    notebook.wait_for("view.knobs.delay", "0.2")
    drawn = figure.screenshot()
    figure.get_by_role("button", name="Pause", exact=True).click()
    notebook.wait_for("view.state", "'paused'")
    assert figure.screenshot() != drawn
    figure.get_by_role("button", name="Stop", exact=True).click()
    notebook.wait_for("view.state", "'stopped'")
    notebook.wait_for("[t for t in asyncio.all_tasks() if t.get_name() == 'live run']", "[]")
