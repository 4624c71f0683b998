"""An answer: code that can be run in any number of worlds."""

from dataclasses import replace

from pipeline_kit.grading.explain import ENDS, problem_with, quote, tidy
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.process.protocol import Order
from pipeline_kit.grading.process.student_process import (
    TIME_LIMIT,
    ProcessLostError,
    StudentProcess,
)
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.worlds.failing import FailingPlay, FailingWorld
from pipeline_kit.grading.worlds.faulty import FaultyPlay, FaultyWorld
from pipeline_kit.grading.worlds.keyed import KeyedPlay, KeyedWorld
from pipeline_kit.grading.worlds.outage import OutagePlay, OutageWorld
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World


class Answer:
    """A student's code, ready to be run any number of times; use it as a context manager.

    Args:
        source: the code; "" where there is none.
        function: name of the function it should define.
        time_limit: seconds of processor time that a run may take, or that it may stand still.
        missing: what to say if there is no code.
    """

    def __init__(
        self, source: str, function: str, *, time_limit: float = TIME_LIMIT, missing: str = ""
    ) -> None:
        self.source = source
        self.function = function
        self.missing = missing
        self.latest: Play | None = None
        """What happened in the latest run, also if it was stopped; None before the first."""
        self._process = StudentProcess(time_limit=time_limit)
        self._lost_in_a_row = 0
        self._lost_by = Status.TIMEOUT

    def __enter__(self) -> "Answer":
        self._process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__()

    def run(self, world: World) -> GradedRun:
        """Run the answer in `world`.

        Raises:
            Unmet: there is no answer, it is not attempted, or the run did not end as one does in
                this world; if nothing fails there, the answer should return.
        """
        run = self.try_run(world)
        if problem := problem_with(run):
            raise problem
        return run

    def try_run(self, world: World) -> GradedRun:
        """Run the answer in `world`, whatever comes of it.

        Raises:
            Unmet: there is no answer, or its process was lost.
        """
        if not self.source:
            raise Unmet(self.missing or "there is no answer", Status.NOT_ATTEMPTED)
        if self._lost_in_a_row >= 3:
            raise Unmet("not run, because three runs before it had to be stopped", self._lost_by)
        play = self.latest = _performance(world)
        order = Order(
            self.source,
            self.function,
            stages=list(world.work),
            arguments=dict(world.arguments),
            patience=self._process.time_limit * 0.75,
            streams=list(world.streams),
            schedule=world.schedule,
            signals=list(world.signals),
            errors=isinstance(world, FailingWorld),
        )
        self._lost_in_a_row += 1
        try:
            ended = self._process.perform(order, play)
        except ProcessLostError as lost:
            raise self._lost(lost, play) from None
        if not play.endless:
            self._lost_in_a_row = 0
        return GradedRun(play, replace(ended, tasks=[tidy(task) for task in ended.tasks]))

    def with_its_run(self, unmet: Unmet) -> Unmet:
        """Return `unmet` with what happened in the latest run, if it does not say which it means.

        Ask before the next run.
        """
        if unmet.trace is None and self.latest:
            unmet.trace = self.latest.trace
            unmet.at = self.latest.now if unmet.at is None else unmet.at
        return unmet

    def _lost(self, lost: ProcessLostError, play: Play) -> Unmet:
        self._lost_by = lost.status
        where = f" in {quote(self.source, lost.line)}" if lost.line else ""
        end = ENDS[lost.status].format(limit=self._process.time_limit)
        text = f"your code was at {play.now:g} s of virtual time{where}: {end}"
        return Unmet(text, lost.status)


def _performance(world: World) -> Play:
    if isinstance(world, KeyedWorld):
        return KeyedPlay(world)
    if isinstance(world, FaultyWorld):
        return FaultyPlay(world)
    if isinstance(world, OutageWorld):
        return OutagePlay(world)
    if isinstance(world, FailingWorld):
        return FailingPlay(world)
    return Play(world)
