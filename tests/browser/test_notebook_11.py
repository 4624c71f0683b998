"""Notebook 11 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/11_load_balancing.ipynb"))
    lesson.run_all()
    lesson.move("hook", "calls", *3 * ["ArrowLeft"])
    lesson.reached("hook", "all answers within 4 s")
    lesson.predict("8", covered="run")
    lesson.move("refute-run", "slow", "Home")
    lesson.reached("refute-run", "in turn takes less than twice as long")
    lesson.move("modify-run", "failures", *5 * ["ArrowLeft"])
    lesson.move("modify-run", "ejection", *10 * ["ArrowLeft"])
    lesson.reached("modify-run", "3 second tries or fewer")
    lesson.reached("modify-run", "nobody is inside for 0.8 s")
    lesson.press_all("modify-run")
    lesson.move("scaling-run", "period", "End")
    lesson.move("scaling-run", "period", *7 * ["ArrowLeft"])
    lesson.reached("scaling-run", "at most 10 wait where it scales")
    lesson.watch("live-run", "killed", "view")
    lesson.order()
