"""A course for nbgrader, made of the exercises: `python -m pipeline_kit.grading nbgrader FOLDER`.

    cd FOLDER
    nbgrader generate_assignment ex01_basic_pipeline
    nbgrader autograde ex01_basic_pipeline        # when the answers are in submitted/
    nbgrader export

The notebooks are those that students have in any case. In each, nbgrader grades the cell `check()`,
which returns the points. It runs in the student's own kernel, so a grade by nbgrader can be
tampered with, as any of its grades can; `pytest exercises/ --answers FOLDER` is the safe way.
"""

import shutil
from pathlib import Path

from pipeline_kit.grading.checks import load
from pipeline_kit.grading.folder import exercises_in
from pipeline_kit.grading.notebook_file import answer_in_notebook

CONFIGURATION = """\
c = get_config()
c.CourseDirectory.course_id = "pipelines"
# The notebooks come with stubs, which say more than nbgrader's "YOUR CODE HERE".
c.ClearSolutions.enabled = False
"""


def make_course(exercises: Path, course: Path) -> list[str]:
    """Copy all exercises into a new nbgrader course, and return their names.

    Args:
        exercises: the folder of the exercises.
        course: the folder to make.

    Raises:
        FileExistsError: there is a course in that folder already.
        ValueError: a notebook has an answer in it, which students would get.
    """
    configuration = course / "nbgrader_config.py"
    if configuration.exists():
        raise FileExistsError(f"{course} holds a course already; name another folder")
    names = [name for name, _ in exercises_in(exercises)]
    for name, checks in exercises_in(exercises):
        _refuse_answer(exercises / f"{name}.ipynb", load(checks)[0].function)
    for name in names:
        target = course / "source" / name
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(exercises / f"{name}.ipynb", target)
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    return names


def _refuse_answer(notebook: Path, function: str) -> None:
    answer, _ = answer_in_notebook(notebook, function)
    if answer and "raise NotImplementedError" not in answer:
        reset = f"python -m pipeline_kit.grading reset {notebook.stem}"
        raise ValueError(
            f"{notebook} has an answer in it, which students would get; `{reset}` takes it out"
        )
