"""Notebook 13 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/13_performance.ipynb"))
    lesson.run_all()
    lesson.predict("0.25", covered="run")
    lesson.move("modify-run", "workers", "ArrowRight", "ArrowRight", "ArrowRight")
    lesson.reached("modify-run", "40 pages within 5 s")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
