"""Where the exercises are: the folder that holds their notebooks and their checks."""

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline_kit.grading.checks import HIDDEN

FOLDER_VARIABLE = "PIPELINE_WORKBOOK_EXERCISES"
"""Environment variable that names the folder with the checks, when notebooks are elsewhere."""
_PLACES = (".", "exercises", "../exercises", str(Path(__file__).parents[2] / "exercises"))


def exercises_folder(name: str = "*") -> Path:
    """Return the folder with the exercises.

    Args:
        name: an exercise that has to be there, such as `"ex01_basic_pipeline"`.

    Raises:
        FileNotFoundError: it is not this folder, nor `exercises` here, beside it, or where the
            package has been installed from.
    """
    for place in (os.environ.get(FOLDER_VARIABLE, "."), *_PLACES):
        if any(Path(place).glob(f"test_{name}.py" if name != "*" else "test_ex*.py")):
            return Path(place)
    wanted = "no exercises" if name == "*" else f"no test_{name}.py, which belongs to {name}.ipynb,"
    raise FileNotFoundError(f"{wanted} here or in exercises/; start in the workbook's folder")


def exercises_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the file with the public checks of each exercise in `folder`, in order."""
    for checks in sorted(folder.glob("test_ex*.py")):
        if checks.stem.endswith(HIDDEN):
            continue
        yield checks.stem.removeprefix("test_"), checks
