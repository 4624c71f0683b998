"""Notebook 17 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/17_exercises.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "retry", "ArrowRight")
    lesson.reached("hook-run", "all 40 out")
    lesson.predict("5", covered="run")
    lesson.move("run", "storers", "ArrowRight")
    lesson.reached("run", "40 out within 10 s")
    lesson.move("modify-run", "retry", "End")
    lesson.move("modify-run", "storers", "ArrowRight", "ArrowRight")
    lesson.move("modify-run", "cached", "End")
    lesson.reached("modify-run", "within 9 s")
    lesson.reached("modify-run", "with 7 workers at most")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
    board = lesson.notebook.output("scoreboard")
    assert board.locator("tr").count() == 11  # ten exercises and the total
    assert "The pipeline with a cache" in board.inner_text()
