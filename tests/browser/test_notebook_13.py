"""Notebook 13 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/13_performance.ipynb"))
    lesson.run_all()
    lesson.predict("0.25", covered="run")
    lesson.move("modify-run", "workers", "ArrowRight", "ArrowRight", "ArrowRight")
    lesson.reached("modify-run", "40 pages within 5 s")
    lesson.press_all("modify-run")
    lesson.move("pool", "connections", "ArrowRight", "ArrowRight")
    lesson.reached("pool", "24 queries within 1.4 s")
    lesson.watch("live-run", "delay", "view")
    reach_the_live_goal(lesson)
    lesson.order()


def reach_the_live_goal(lesson):
    """With threads two texts are compressed at the same time; the goal says so while it runs."""
    figure = lesson.notebook.output("live-run")
    figure.locator("input[data-knob=delay]").press("Home")
    figure.locator("input[data-knob=threads]").press("End")
    figure.get_by_role("button", name="Start", exact=True).click()
    lesson.notebook.wait_for("any(view.goals().values())", "True")
    lesson.reached("live-run", "two compress at the same time")
    lesson.notebook.wait_for("view.stop()", "None")
