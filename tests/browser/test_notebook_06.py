"""Notebook 6 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/06_timeout.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "workers", "ArrowRight")
    lesson.reached("hook-run", "19 pages are out within 25 s")
    lesson.predict("1", covered="run")
    lesson.move("run", "roll_back", "Home")
    lesson.reached("run", "the worker goes on within 2 s")
    lesson.move("whole-run", "hasty", "ArrowLeft")
    lesson.reached("whole-run", "all 12 pages are out")
    curve = lesson.notebook.output("sweep-run").get_by_role("slider", name="throughput against")
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        curve.press(key)
    lesson.reached("sweep-run", "more than 4 a second")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "timeout", "view")
    lesson.order()
