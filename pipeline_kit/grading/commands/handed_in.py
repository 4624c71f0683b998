"""What a class has handed in: the folders of students, and the answers in them.

The notebooks may lie anywhere in a student's folder; of two with the same name the one nearer to
the top counts. A folder `solutions` is passed over: whoever hands in the whole workbook has one.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from pipeline_kit.grading.notebook_file import answer_in_notebook

_NOTHING_TO_GRADE = "no answer found"
_OTHER_NAME = "file of another name"


def students_in(submissions: Path) -> list[Path]:
    """Return the folders of the students, by name.

    Raises:
        FileNotFoundError: there are none, or no such folder.
    """
    if not submissions.is_dir():
        raise FileNotFoundError(f"there is no folder {submissions}")
    students = sorted(
        p for p in submissions.glob("*") if p.is_dir() and not _made_by_a_tool(p.name)
    )
    if not students:
        raise FileNotFoundError(f"{submissions} has no folders in it, one for each student")
    return students


def _made_by_a_tool(folder: str) -> bool:
    return folder.startswith((".", "__"))  # such as .git, or __MACOSX of an archive


def files_of(student: Path) -> list[Path]:
    """Return the files in a student's folder, those nearest to the top first."""
    found: list[Path] = []
    for folder, inner, names in os.walk(student):
        inner[:] = [each for each in inner if not _made_by_a_tool(each) and each != "solutions"]
        found += [Path(folder, name) for name in names]
    return sorted(found, key=lambda path: (len(path.parts), path))


def answer_of(files: Sequence[Path], name: str, function: str) -> tuple[str, str, str]:
    """Return the answer to an exercise, and if it is "", what to say and to remark about that."""
    file = f"{name}.ipynb"
    if notebook := next((path for path in files if path.name == file), None):
        source, missing = answer_in_notebook(notebook, function)
        return source, missing, _NOTHING_TO_GRADE if missing else ""
    others = [path.name for path in files if _is_meant(path, name)]
    if others:
        text = f"there is no notebook {file}, but there is {', '.join(others[:3])}"
        return "", text, _OTHER_NAME
    return "", f"there is no notebook {file}", _NOTHING_TO_GRADE


def _is_meant(path: Path, name: str) -> bool:
    """Tell whether a file has the number of an exercise, `ex01`, in its name."""
    return name[:4] in path.name.lower() and not path.name.startswith((".", "test_"))
