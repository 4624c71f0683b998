"""Notebook 2 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/02_basic_pipeline.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "forgets", "Home")
    lesson.reached("hook-run", "the program ends after 8 s")
    lesson.predict("12", covered="run")
    lesson.move("run", "send", "Home")
    lesson.reached("run", "the source is never held up for more than 1 s")
    lesson.move("modify-run", "send", "Home")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "write", "view")
    lesson.order()
