"""From a slider's event to the new picture, in a real JupyterLab in headless Chromium.

Each move sets a slider in the page, as a reader's hand would. The time runs from its input event
until a frame has been painted that shows the new run; what the kernel, the messages and the drawing
take is all in it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import nbformat

MOVES = 40
TARGETS = {"explore": "at most 100 ms", "compare": "at most 200 ms"}  # one run, and two
MAKE = """
import asyncio

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import compare, explore


def make(knobs):
    async def work(item):
        await asyncio.sleep(knobs.delay if item % 2 else 0.5)
        return item

    stages = [Stage(work, name=f"stage {number}", buffer=5) for number in range(4)]
    return Pipeline(*stages), range(200)
"""
DELAY = 'delay=(0.1, 1.0, 0.1, 0.4, "s")'
FIGURES = {"explore": f"explore(make, {DELAY})", "compare": f"compare(make, make, {DELAY})"}

# The title is written in the same task that draws the picture, and what a task has drawn is on the
# screen after the next frame.
MOVE = """async ([input, values]) => {
  const figure = input.closest(".pw"), title = figure.querySelector(".pw-title"), times = [];
  const painted = () => new Promise((seen) => {
    const observer = new MutationObserver(() => {
      observer.disconnect();
      requestAnimationFrame(() => setTimeout(() => seen(performance.now())));
    });
    observer.observe(title, { childList: true });
  });
  for (const value of values) {
    await new Promise((rested) => setTimeout(rested, 250));
    const drawn = painted(), began = performance.now();
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    times.push(await drawn - began);
  }
  return times;
}"""


def write_notebook(path: Path) -> None:
    """Write a notebook with a cell for each figure, named after it."""
    cells = [nbformat.v4.new_code_cell(MAKE, id="make")]
    cells += [nbformat.v4.new_code_cell(code, id=name) for name, code in FIGURES.items()]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)


@contextmanager
def opened() -> Iterator[Any]:
    """Open the notebook in a JupyterLab of its own, run it, and close all of it at the end."""
    sys.path.append(str(Path(__file__).parents[1] / "browser"))
    from lab import Lab, Notebook, browse

    with TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        try:
            lab.wait()
            write_notebook(lab.root / "sliders.ipynb")
            with browse() as browser:
                notebook = Notebook(lab, browser, "sliders.ipynb")
                notebook.run_all()
                yield notebook
        finally:
            lab.stop()


def milliseconds(notebook: Any, figure: str) -> list[float]:
    """Move the slider of a figure again and again; return how long each picture took."""
    slider = notebook.output(figure).locator("input[data-knob=delay]")
    slider.wait_for()
    values = [round(0.1 + move % 10 / 10, 1) for move in range(4, MOVES + 4)]  # each another one
    times: list[float] = notebook.page.evaluate(MOVE, [slider.element_handle(), values])
    return times


def measure() -> Iterator[tuple[str, str, str]]:
    """Yield what, the figure, and the target."""
    if not find_spec("playwright"):
        return
    with opened() as notebook:
        for figure, target in TARGETS.items():
            times = milliseconds(notebook, figure)
            what = f"from a slider's event to the new picture: {figure}, 200 items × 4"
            yield what, f"{median(times):.0f} ms, best {min(times):.0f} ms", target
