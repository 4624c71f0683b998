"""Notebook 8 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/08_metrics.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "parse_workers", "Home", "ArrowRight")
    lesson.reached("hook-run", "parse really is the bottleneck")
    lesson.predict("9", covered="run")
    curve = lesson.notebook.output("run").get_by_role("slider", name="inside against load")
    curve.press("End")
    curve.press("Enter")
    lesson.reached("run", "more than 50 wait at once")
    lesson.move("modify-run", "workers", "End")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
