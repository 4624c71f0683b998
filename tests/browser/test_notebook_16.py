"""Notebook 16 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/16_common_pitfalls.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "closed", "ArrowRight")
    lesson.reached("hook-run", "the run ends")
    lesson.predict("0", covered="run")
    found = lesson.notebook.output("run")
    found.get_by_text("18 of 500 schedules fail").first.wait_for()
    found.get_by_text("Deadlock: nothing moves any more").first.wait_for()
    found.get_by_role("button", name="Next that passes").click()
    found.get_by_text("16 of 16 items out").first.wait_for()
    lesson.move("modify-run", "room", "ArrowRight")
    lesson.reached("modify-run", "one site, nothing hangs")
    lesson.press_all("modify-run")
    lesson.move("errors-run", "bad", "End")
    lesson.reached("errors-run", "both get all 8 out")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
