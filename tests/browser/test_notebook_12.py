"""Notebook 12 as a student meets it: in JupyterLab, in a browser."""

from lesson import Lesson


def test_a_student_can_work_through_it(open_notebook):
    lesson = Lesson(open_notebook("notebooks/12_caching.ipynb"))
    lesson.run_all()
    lesson.move("hook", "visitors", *8 * ["ArrowLeft"])
    lesson.reached("hook", "everybody is answered within 4 s")
    lesson.predict("1", covered="run")
    lesson.move("modify-run", "maxsize", "End")
    lesson.move("modify-run", "ttl", "End")
    lesson.reached("modify-run", "75 % are hits")
    lesson.press_all("modify-run")
    curve = lesson.notebook.output("cliff").get_by_role("slider", name="hits against maxsize")
    curve.press("ArrowRight")
    curve.press("Enter")
    lesson.reached("cliff", "9 of 10 answers are hits")
    lesson.watch("live-run", "edition", "view", key="ArrowRight")
    lesson.order()
