"""Notebook 5 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/05_error_handling.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "room", "ArrowRight", "ArrowRight")
    lesson.reached("hook-run", "all six numbers are out")
    lesson.move("collect-run", "room", "End")
    lesson.reached("collect-run", "both end after 8 s")
    lesson.predict("15", covered="run")
    lesson.move("modify-run", "attempts", "ArrowRight", "ArrowRight")
    lesson.move("modify-run", "fallback", "End")
    lesson.reached("modify-run", "no order is lost")
    lesson.reached("modify-run", "at least 19 orders are really booked")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "failing", "view")
    lesson.order()
