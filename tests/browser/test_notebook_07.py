"""Notebook 7 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/07_rate_limiting.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "stop", "ArrowLeft")
    lesson.reached("hook-run", "all 60 items are out")
    lesson.predict("30", covered="run")
    lesson.move("run", "rate", "End")
    lesson.reached("run", "60 items within 2.1 s")
    lesson.move("burst-run", "burst", "ArrowLeft", "ArrowLeft")
    lesson.reached("burst-run", "never more than 15 in a second")
    curve = lesson.notebook.output("sweep-run").get_by_role("slider", name="refused against rate")
    curve.press("ArrowLeft")
    curve.press("Enter")
    lesson.reached("sweep-run", "nothing refused, and done within 8 s")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "rate", "view")
    lesson.order()
