"""Notebook 4 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/04_fan_out_fan_in.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "step", "ArrowLeft")
    lesson.reached("hook-run", "12 pages within 4 s")
    lesson.predict("0", covered="run")
    lesson.move("refute-run", "first", "Home")
    lesson.reached("refute-run", "order costs nothing")
    lesson.move("modify-run", "parsers", "ArrowRight")
    lesson.reached("modify-run", "24 pages within 7 s")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
