"""A live run: a pipeline that runs as a task, with buttons, sliders and a picture that follows."""

import asyncio
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from pipeline_kit.live.describe import tell_samples
from pipeline_kit.live.follower import Follower
from pipeline_kit.live.knobs import Knobs
from pipeline_kit.live.live_goals import LiveGoal, LiveGoals, moment
from pipeline_kit.live.monitor import Monitor, Sample
from pipeline_kit.live.picture import explain, shape_data
from pipeline_kit.live.place import place_of, running_loop, start_at
from pipeline_kit.live.saved import Showing
from pipeline_kit.live.simulate import Make, built
from pipeline_kit.live.static import plot_samples
from pipeline_kit.live.tables import Table, table_of_samples
from pipeline_kit.live.widgets import Dashboard
from pipeline_kit.pipeline import Pipeline, Run
from pipeline_kit.trace import SINK, StageShape


class LiveRun:
    """What `watch` returns: a pipeline that runs, and its picture."""

    def __init__(
        self, make: Make, knobs: Knobs, title: str, limit: float, goals: Mapping[str, LiveGoal]
    ) -> None:
        self._make, self._title, self._limit = make, title, limit
        self._loop = running_loop()
        self._place = place_of(make)
        self._showing = Showing()
        self._task: asyncio.Task[None] | None = None
        self._message = ""
        self._awaited = 0
        self.knobs = knobs
        """Where the sliders stand."""
        self.run: Run | None = None
        """The run that is shown; None until it has begun."""
        self.results: list[Any] = []
        """What has come out of the run so far."""
        self.monitor = Monitor([])
        """The counters of the run, sampled 30 times a second."""
        self._shapes: list[StageShape] = []
        self._goals = LiveGoals(goals)
        self._dashboard = Dashboard(knobs=knobs.as_data(), title=title, goals=self._goals.as_data())
        # Where these callbacks run differs from kernel to kernel; from any thread, this way works.
        soon = self._loop.call_soon_threadsafe
        self._dashboard.observe(lambda change: soon(knobs.set, change["new"]), "values")
        self._dashboard.on_msg(lambda _, message, __: soon(self._press, message["press"]))

    @property
    def state(self) -> str:
        """`running`, `paused`, `done`, `stopped` or `failed`."""
        return str(self._dashboard.status["state"])

    def goals(self) -> dict[str, bool]:
        """Tell of each goal whether it has been reached, in this run or in an earlier one."""
        return dict(self._goals.reached)

    def start(self) -> None:
        """Start a new run; the one it replaces is stopped first."""
        task = start_at(self._place, self._loop, self._carry_out)
        task.add_done_callback(self._ended)
        self._task, self.run = task, None
        self._tell("running")

    def pause(self) -> None:
        """Hold the source back; what is in the pipeline drains."""
        if self.state == "running":
            if self.run:
                self.run.pause()
            self._tell("paused", "Paused at the source; what was inside drains.")

    def resume(self) -> None:
        """Let a paused run go on."""
        if self.state == "paused":
            if self.run:
                self.run.resume()
            self._tell("running")

    def stop(self) -> None:
        """End the run now."""
        if self._task:
            self._task.cancel()

    async def finished(self) -> list[Any]:
        """Wait until the run has ended or been stopped; return the results that came out.

        A run that is paused goes on, so that this does not wait for ever. If the wait is cancelled,
        as an interrupted cell does, the run is stopped.

        Raises:
            StageError: the run failed; or whatever else made it fail.
        """
        self.resume()
        self._awaited += 1
        try:
            while self._task and not self._task.done():
                await asyncio.wait([self._task])
        except asyncio.CancelledError:
            self.stop()
            raise
        finally:
            self._awaited -= 1
        # From here, because what runs a notebook without a front end listens to this cell only.
        self._renew()
        if self._task and not self._task.cancelled() and (error := self._task.exception()):
            raise error
        return self.results

    async def _carry_out(self) -> None:
        pipeline, source = built(self._make, self.knobs)
        self._prepare(pipeline)
        self.run = pipeline.run(source)
        if self.state == "paused":
            self.run.pause()
        async with self.run as run, asyncio.TaskGroup() as group:
            self._show_shapes(run)
            follower = Follower(run, self.monitor, lambda: len(self.results), self._show_sample)
            following = group.create_task(self._follow(follower))
            try:
                async for result in run:
                    self.results.append(result)
            finally:
                following.cancel()
                follower.look()

    def _prepare(self, pipeline: Pipeline) -> None:
        self.results, self._message = [], ""
        self.monitor = Monitor(pipeline.stages)
        self._dashboard.history = []

    def _show_shapes(self, run: Run) -> None:
        """Take the bounds from the channels themselves, some of which a stage makes in its way."""
        stages = run.metrics
        self._shapes = [StageShape(s.name, s.workers, s.queue.capacity) for s in stages]
        self._shapes.append(StageShape(SINK, 1, stages[-1].behind.capacity))
        self._dashboard.stages = [shape_data(shape) for shape in self._shapes]

    async def _follow(self, follower: Follower) -> None:
        await follower.follow(self._limit, lambda: self.state == "running")
        self._message = f"Stopped after {self._limit:g} s, the limit."
        self.stop()

    def _show_sample(self, run: Run, sample: Sample) -> None:
        self._dashboard.send(sample.as_data())
        if self._goals.reached:
            self._goals.judge(moment(run, sample, self.knobs))
            self._dashboard.goals = self._goals.as_data()  # which sends nothing if it is equal

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task is not self._task:
            return  # replaced by another run of the same view, which has the picture now
        summary = tell_samples(self.monitor.samples, self._shapes)
        if task.cancelled():
            self._tell("stopped", self._message, summary)
        elif error := task.exception():
            self.monitor.count(error)
            self._tell("failed", explain(error), summary)
        else:
            self._tell("done", "", summary)
        self._send_all()
        if not self._awaited:
            self._renew()

    def _tell(self, state: str, message: str = "", summary: str = "") -> None:
        self._dashboard.status = {"state": state, "message": message, "summary": summary}

    def _press(self, button: str) -> None:
        presses = {
            "start": self.start,
            "pause": self.pause,
            "resume": self.resume,
            "stop": self.stop,
            "catch up": self._send_all,
        }
        presses[button]()

    def _send_all(self) -> None:
        self._dashboard.history = [sample.as_data() for sample in self.monitor.samples]

    def _renew(self) -> None:
        if self._showing.is_shown:  # or nobody needs the picture, which takes time to draw
            self._showing.renew(self._dashboard, *self._still())

    def _still(self) -> tuple[Figure, str, list[Table]]:
        text = tell_samples(self.monitor.samples, self._shapes)
        problem = self._dashboard.status["message"]
        title = f"{problem.rstrip('.')}. {text}" if problem else self._title or text
        figure = plot_samples(self.monitor.samples, self._shapes, title=title)
        return figure, title, [table_of_samples(self.monitor.samples, self._shapes)]

    def _ipython_display_(self) -> None:
        self._showing.show(self._dashboard, *self._still())
