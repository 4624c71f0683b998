"""Notebook 10 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/10_circuit_breaker.ipynb"))
    lesson.run_all()
    lesson.move("hook", "timeout", "Home")
    lesson.reached("hook", "nobody is inside for 2 s")
    lesson.predict("5", covered="run")
    lesson.move("run", "threshold", "ArrowRight")
    lesson.reached("run", "no call to server 0 fails")
    lesson.move("modify-run", "window", "Home")
    lesson.move("modify-run", "wait", *12 * ["ArrowLeft"])
    lesson.reached("modify-run", "30 substitutes or fewer")
    lesson.reached("modify-run", "3 calls in vain or fewer")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "hang", "view")
    lesson.order()
    lesson.notebook.wait_for("server.running", "True")  # the new run has started it again
