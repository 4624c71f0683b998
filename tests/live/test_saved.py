import base64
import io
import re
from importlib.resources import files

import pytest
from anywidget import AnyWidget
from makes import failing, two_stages
from matplotlib.figure import Figure
from PIL import Image

from pipeline_kit.live import (
    compare,
    explore,
    palette,
    plot_trace,
    replay,
    saved,
    search,
    sweep,
    why_late,
)
from pipeline_kit.live.saved import outputs, png
from pipeline_kit.live.tables import Table

OURS = [widget for widget in AnyWidget.__subclasses__() if "pipeline_kit" in widget.__module__]


def test_an_output_has_the_widget_a_picture_and_words():
    player = explore(two_stages)._player
    (output, metadata), _ = outputs(player, Figure(), "words", [])
    assert output["application/vnd.jupyter.widget-view+json"]["model_id"] == player.model_id
    assert base64.b64decode(output["image/png"]).startswith(b"\x89PNG")
    assert output["text/plain"] == "words"
    assert metadata == {"image/png": {"alt": "words"}}


def test_another_output_says_the_same_in_words_and_numbers():
    table = Table("Doubles", ["n", "2n"], [(2, 4)])
    _, (output, _) = outputs(explore(two_stages)._player, Figure(), "a < b\nand c", [table])
    assert "<p>a &lt; b<br>and c</p>" in output["text/html"]
    assert table.html() in output["text/html"]
    assert output["text/plain"] == "a < b\nand c"
    _, (output, _) = outputs(explore(two_stages)._player, Figure(), "no numbers", [])
    assert "<details>" not in output["text/html"]


FIGURES = {
    "explore": (lambda: explore(two_stages), ["Stages"]),
    "replay": (lambda: replay(explore(two_stages).trace), ["Stages"]),
    "compare": (lambda: compare(two_stages, two_stages), ["without: Stages", "with: Stages"]),
    "sweep": (
        lambda: sweep(two_stages, delay=[0.2, 0.4]),
        ["A run for each value", "2.381 items/s at delay 0.4: Stages"],
    ),
    "search": (
        lambda: search(two_stages, runs=5, claim=lambda run: False),
        ["Schedules that fail", "Schedule 1: Stages"],
    ),
    "why_late": (lambda: why_late(explore(two_stages).trace), ["The way of item 4", "Stages"]),
}


@pytest.mark.parametrize(("make", "captions"), FIGURES.values(), ids=FIGURES.keys())
def test_each_figure_is_saved_with_its_words_and_numbers(monkeypatch, make, captions):
    shown = []
    monkeypatch.setattr(saved, "display", lambda data, **options: shown.append((data, options)))
    make()._ipython_display_()
    (picture, options), (told, _) = shown
    assert options["metadata"]["image/png"]["alt"] == picture["text/plain"] == told["text/plain"]
    for caption in captions:
        assert f"<caption>{caption}</caption>" in told["text/html"]


def test_a_picture_has_few_colours_those_of_the_palette_among_them():
    saved = png(plot_trace(explore(two_stages).trace))
    assert b"Software" not in saved  # nor does it say which matplotlib has drawn it
    picture = Image.open(io.BytesIO(saved))
    assert picture.mode == "P"
    used = [colour for _, colour in picture.convert("RGB").getcolors()]
    for hue in palette.STAGES[:2]:
        assert nearest(hue, used) <= 2


def nearest(hue, colours):
    """Return by how much the colour most like `hue` differs from it, of 255."""
    wanted = tuple(int(hue[at : at + 2], 16) for at in (1, 3, 5))
    return min(max(abs(a - b) for a, b in zip(wanted, c, strict=True)) for c in colours)


def test_a_single_loss_has_its_colour_in_a_saved_picture():
    picture = Image.open(io.BytesIO(png(plot_trace(explore(failing).trace))))
    used = [colour for _, colour in picture.convert("RGB").getcolors()]
    assert nearest(palette.LOSS, used) <= 8


@pytest.mark.parametrize("widget", OURS)
def test_the_joined_script_defines_each_name_once_and_exports_the_widget(widget):
    names = re.findall(r"^(?:const|let|class|function) (\w+)", str(widget._esm), re.MULTILINE)
    assert len(names) == len(set(names))
    assert str(widget._esm).count("export default") == 1


def test_no_script_or_style_lies_about_unused():
    used = "".join(str(widget._esm) for widget in OURS)
    scripts = [file for file in files("pipeline_kit.live").iterdir() if file.name.endswith(".js")]
    ours = [file for file in scripts if file.name not in {"parsons.js", "lesson.js"}]
    assert all(file.read_text(encoding="utf-8") in used for file in ours)
