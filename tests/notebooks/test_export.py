"""A notebook that is exported to HTML shows its pictures, without a kernel and without widgets."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import describe, explore, plot_trace
from pipeline_kit.live.saved import outputs
from pipeline_kit.live.tables import tables_of

nbconvert = pytest.importorskip("nbconvert", reason="nbconvert is not installed")

ROOT = Path(__file__).parents[2]
FIGURES = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("name", ["01_what_is_a_pipeline", "16_common_pitfalls"])
def test_every_figure_is_a_picture_on_the_page(name: str) -> None:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    page, _ = nbconvert.HTMLExporter().from_filename(str(path))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    saved = [
        output["data"] for cell in cells for output in cell.get("outputs", []) if "data" in output
    ]
    pictures = [data for data in saved if "image/png" in data]
    assert len(re.findall(r'<img[^>]* src="data:image/png;base64,', page)) == len(pictures) > 0
    assert sum(FIGURES in data for data in saved) > len(pictures) / 2
    assert FIGURES not in page  # a widget without a kernel would be an empty place
    assert page.count("<strong>Predict.</strong>") == 2


@pytest.mark.parametrize("template", ["lab", "classic"])
def test_what_a_picture_shows_is_told_in_words_and_numbers(template: str) -> None:
    figure = explore(lambda knobs: (Pipeline(Stage(str)), range(3)))
    words, tables = describe(figure.trace), tables_of(figure.trace)
    cell = nbformat.v4.new_code_cell(
        outputs=[
            nbformat.v4.new_output("display_data", data, metadata=metadata)
            for data, metadata in outputs(figure._player, plot_trace(figure.trace), words, tables)
        ]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    page, _ = nbconvert.HTMLExporter(template_name=template).from_notebook_node(notebook)
    assert page.count(f"<p>{words}</p>") == 1
    assert page.count("<tr><td>2</td>") == 1
    if template == "classic":  # the other one leaves the text out
        assert f'alt="{words}"' in page
