"""Execute notebooks in place, several at a time, so that what is saved is what the code gives.

    python .ci/execute_notebooks.py              all of them: `make notebooks`
    python .ci/execute_notebooks.py FILE …       only these

A notebook in which nothing has changed stays as it is, byte for byte: an output is replaced only
if it differs in more than a widget's random identity. The outputs of cells tagged
`nbval-ignore-output` (what runs in real time never comes out the same) are replaced only if there
are none; to get fresh ones, clear them first. No front end takes part, so live cells leave their
static picture.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
FOLDERS = ("notebooks", "exercises", "solutions")
SECONDS_A_CELL = 120
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


async def execute(path: Path) -> Any:
    """Return the notebook as a fresh kernel leaves it, without what differs between machines."""
    notebook = nbformat.read(path, as_version=4)
    await NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        # A kernel warns that its ports are not encrypted; they are this machine's own.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
    ).async_execute()
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}
    )
    return notebook


def keep_equal_outputs(old: NotebookNode, new: NotebookNode) -> None:
    """Give the cells of `new` their outputs in `old` where those say the same."""
    before = {cell.id: cell for cell in old.cells if cell.cell_type == "code"}
    for cell in new.cells:
        if cell.cell_type == "code" and cell.id in before and before[cell.id].outputs:
            saved = before[cell.id].outputs
            varies = "nbval-ignore-output" in cell.metadata.get("tags", [])
            if varies or comparable(saved) == comparable(cell.outputs):
                cell.outputs = saved


def comparable(outputs: list[NotebookNode]) -> list[dict[str, Any]]:
    """Return the outputs without what is random: the identity of the widget that is shown."""
    return [
        {**output, "data": {k: v for k, v in output.data.items() if k != WIDGET_VIEW}}
        if "data" in output
        else dict(output)
        for output in outputs
    ]


async def refresh(path: Path, turn: asyncio.Semaphore) -> bool:
    """Execute one notebook and save it if it has changed; tell whether it ran to its end."""
    async with turn:
        name = path.relative_to(ROOT)
        try:
            changed = save(path, await execute(path))
        except (CellControlSignal, DeadKernelError) as error:
            print(f"{name} failed, and stays as it was:\n{error}")
            return False
        print(f"{name} {'changed' if changed else 'as before'}", flush=True)
        return True


def save(path: Path, new: NotebookNode) -> bool:
    """Write the notebook if it says something new; tell whether it did."""
    saved = path.read_text(encoding="utf-8")
    keep_equal_outputs(nbformat.reads(saved, as_version=4), new)
    text = nbformat.writes(new) + "\n"
    if text != saved:
        path.write_text(text, encoding="utf-8")
    return text != saved


async def refresh_all(paths: list[Path]) -> bool:
    """Execute notebooks, as many at a time as there are processors."""
    turn = asyncio.Semaphore(os.cpu_count() or 1)
    return all(await asyncio.gather(*(refresh(path, turn) for path in paths)))


if __name__ == "__main__":
    chosen = [Path(name).resolve() for name in sys.argv[1:]]
    everything = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.ipynb"))]
    sys.exit(not asyncio.run(refresh_all(chosen or everything)))
