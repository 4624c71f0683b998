"""What a student does with any lesson notebook, for the tests of each: run, predict, move, watch.

    def test_a_student_can_work_through_it(open_notebook):
        lesson = Lesson(open_notebook("notebooks/03_buffered_pipeline.ipynb"))
        lesson.run_all()
        lesson.move("hook-run", "buffer", "ArrowRight")
        lesson.predict("8", covered="run")
        lesson.press_all("modify-run")
        lesson.watch("live-run", "delay", "view")

Cells are named by their ids.
"""

import re
from typing import Any

from playwright.sync_api import expect


class Lesson:
    """A lesson that is open in the browser."""

    def __init__(self, notebook: Any) -> None:
        self.notebook = notebook

    def run_all(self) -> None:
        """Run the whole notebook; no cell may fail."""
        self.notebook.run_all()
        assert self.notebook.errors() == []

    def move(self, cell: str, knob: str, *keys: str) -> None:
        """Move a slider by keyboard; the figure must become another one."""
        figure = self.notebook.output(cell)
        slider = figure.locator(f"input[data-knob={knob}]")
        title = figure.locator(".pw-title").first
        drawn, said = figure.screenshot(), title.inner_text()
        for key in keys:
            slider.press(key)
        expect(title).not_to_have_text(said)
        assert figure.screenshot() != drawn

    def reached(self, cell: str, goal: str) -> None:
        """Wait until a goal under a figure has ticked itself."""
        figure = self.notebook.output(cell)
        expect(figure.locator(".pw-goals .pw-reached", has_text=goal)).to_be_visible()

    def predict(self, answer: str, *, covered: str, cell: str = "predict") -> None:
        """Lock an answer in; the run that was covered until then must show itself."""
        expect(self.notebook.output(covered).locator(".pw-cover").first).to_be_visible()
        form = self.notebook.output(cell)
        form.get_by_placeholder("a number").fill(answer)
        form.get_by_role("button", name="fairly sure").click()
        form.get_by_role("button", name="Lock in").click()
        form.get_by_text(f"Locked in: {answer}").wait_for()
        expect(self.notebook.output(covered).locator(".pw-chart").first).to_be_visible()

    def press_all(self, cell: str) -> None:
        """Use each control of a figure in virtual time: buttons, keys, its table."""
        figure = self.notebook.output(cell)
        clock = figure.locator(".pw-clock").first
        figure.get_by_role("button", name="Play").click()
        figure.get_by_role("button", name="Pause").click()
        for name in ("Step", "Back"):
            figure.get_by_role("button", name=name).click()
        player = figure.locator(".pw[tabindex]").last
        player.press("Home")
        expect(clock).to_have_text("0 s")
        player.press("End")
        expect(clock).not_to_have_text("0 s")
        data = figure.locator(".pw-data").last  # not the table that is saved for who has no widgets
        data.locator("summary").click()
        expect(data.locator("tbody tr").first).to_be_visible()
        data.locator("summary").click()

    def watch(self, cell: str, knob: str, view: str, key: str = "End") -> None:
        """Start a live run, move a slider of it, pause it, stop it; nothing may be left behind."""
        notebook, figure = self.notebook, self.notebook.output(cell)
        figure.get_by_role("button", name="Start", exact=True).click()
        notebook.wait_for(f"{view}.state", "'running'")
        before = notebook.kernel(f"{view}.knobs.{knob}")
        figure.locator(f"input[data-knob={knob}]").press(key)
        notebook.wait_for(f"{view}.knobs.{knob} != {before}", "True")
        drawn = figure.screenshot()
        figure.get_by_role("button", name="Pause", exact=True).click()
        notebook.wait_for(f"{view}.state", "'paused'")
        assert figure.screenshot() != drawn
        figure.get_by_role("button", name="Stop", exact=True).click()
        notebook.wait_for(f"{view}.state", "'stopped'")
        notebook.wait_for("[t for t in asyncio.all_tasks() if t.get_name() == 'live run']", "[]")

    def order(self, cell: str = "parsons") -> None:
        """Check an empty Parsons problem, then one of a single line."""
        problem = self.notebook.output(cell)
        problem.get_by_role("button", name="Check").click()
        expect(problem.get_by_text(re.compile("Your program is empty"))).to_be_visible()
