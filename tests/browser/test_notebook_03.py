"""Notebook 3 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/03_buffered_pipeline.ipynb"))
    lesson.run_all()
    lesson.move("hook-run", "buffer", "ArrowRight", "ArrowRight")
    lesson.reached("hook-run", "24 photos within 14 s")
    lesson.predict("10", covered="run")
    lesson.move("modify-run", "buffer", "End")
    lesson.reached("modify-run", "the camera is never held up")
    lesson.press_all("modify-run")
    lesson.watch("live-run", "delay", "view")
    lesson.order()
