"""Notebook 15 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/15_best_practices.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "room", "End")
    lesson.reached("hook-run", "the run ends")
    lesson.predict("12", covered="run")
    run = lesson.notebook.output("run")
    run.get_by_text("counted 3 of 12 items").first.wait_for()
    lesson.move("run", "gap", "Home")
    run.get_by_text("88 of 100 schedules fail").first.wait_for()
    lesson.reached("run", "a schedule that counts 12")
    lesson.move("modify-run", "late", "End")
    lesson.reached("modify-run", "… and within 6 s")
    lesson.notebook.output("deadline-run").locator("input[data-knob=deadline]").press("End")
    lesson.reached("deadline-run", "all 8 out")
    lesson.press_all("deadline-run")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
