"""Notebook 14 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/14_common_patterns.ipynb"))
    lesson.run_all()
    lesson.predict("1", covered="run")
    lesson.move("run", "workers", "End")
    lesson.reached("run", "the first total by 2 s")
    lesson.move("modify-run", "workers", "ArrowRight", "ArrowRight")
    lesson.reached("modify-run", "in 7 s")
    lesson.press_all("modify-run")
    lesson.move("filter-run", "every", "End")
    lesson.reached("filter-run", "it saves 9 s")
    lesson.move("sides-run", "consumers", "ArrowRight")
    lesson.reached("sides-run", "the channel is never full")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
