"""A notebook that is exported to HTML shows its pictures, without a kernel and without widgets."""

import json
import re
from pathlib import Path

import pytest

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
