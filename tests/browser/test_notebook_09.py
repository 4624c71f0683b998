"""Notebook 9 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/09_backpressure.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "store", "Home")
    lesson.reached("hook-run", "all 40 photos are stored")
    lesson.predict("50", covered="run")
    lesson.move("modify-run", "buffer", "ArrowLeft")
    lesson.move("modify-run", "workers", "End")
    lesson.reached("modify-run", "nothing is dropped")
    lesson.press_all("modify-run")
    lesson.move("codel-run", "buffer", "End")
    lesson.reached("codel-run", "without CoDel, some wait 8 s")
    lesson.watch("live-run", "disk", "view")
    lesson.order()
