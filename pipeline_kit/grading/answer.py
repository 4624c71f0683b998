"""An answer: where to find it in a notebook, and how to run it in a world."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline_kit.grading.play import Play
from pipeline_kit.grading.process import TIME_LIMIT, ProcessLostError, StudentProcess
from pipeline_kit.grading.protocol import Ended, Fault, Order
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.world import World
from pipeline_kit.trace import SINK, Trace

_ENDS = {
    Status.TIMEOUT: "it had not come to an end after {limit:g} s of real time, and was stopped; "
    "is there a loop without an await that takes time?",
    Status.MEMORY: "it used up the memory it may have, and was stopped; "
    "is something kept that could be passed on?",
    Status.CRASHED: "it took its whole Python process down; an answer needs no os._exit, "
    "and nothing from ctypes",
    Status.TAMPERED: "it wrote into the connection between your code and the grader; "
    "an answer only needs source, stages and sink",
}


@dataclass(frozen=True)
class GradedRun:
    """What the world saw of one run of an answer."""

    play: Play
    """The world as it was at the end."""
    ended: Ended
    """How the run ended, as the student's process tells it."""

    @property
    def trace(self) -> Trace:
        """Who worked on which item when."""
        return self.play.trace

    @property
    def came_out(self) -> list[int]:
        """Numbers of the items that reached the sink, in order."""
        return [event.item for event in self.trace.of(SINK, "started")]

    @property
    def times_out(self) -> list[float]:
        """When each of them did, in virtual seconds."""
        return self.trace.completions(SINK)


class Answer:
    """A student's code, ready to be run any number of times; use it as a context manager.

    Args:
        source: the code; "" where there is none.
        function: name of the function it should define.
        time_limit: seconds of real time that a run may take.
        missing: what to say if there is no code.
    """

    def __init__(
        self, source: str, function: str, *, time_limit: float = TIME_LIMIT, missing: str = ""
    ) -> None:
        self.source = source
        self.function = function
        self.missing = missing
        self._process = StudentProcess(time_limit=time_limit)
        self._lost_in_a_row = 0

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
            raise Unmet("not run, because three runs before it had to be stopped", Status.TIMEOUT)
        play = Play(world)
        patience = self._process.time_limit * 0.75
        arguments = dict(world.arguments)
        order = Order(self.source, self.function, list(world.work), arguments, patience)
        self._lost_in_a_row += 1
        try:
            ended = self._process.perform(order, play)
        except ProcessLostError as lost:
            raise self._lost(lost, play) from None
        if not play.endless:
            self._lost_in_a_row = 0
        return GradedRun(play, replace(ended, tasks=[_tidy(task) for task in ended.tasks]))

    def _lost(self, lost: ProcessLostError, play: Play) -> Unmet:
        where = f" in {_quote(self.source, lost.line)}" if lost.line else ""
        end = _ENDS[lost.status].format(limit=self._process.time_limit)
        text = f"your code was at {play.now:g} s of virtual time{where}: {end}"
        return Unmet(text, lost.status)


def problem_with(run: GradedRun) -> Unmet | None:
    """Return what to say of a run that did not end as it should, None if it did."""
    ended, world = run.ended, run.play.world
    if ended.fault and ended.fault.type == "NotImplementedError":
        return Unmet("the answer still raises NotImplementedError", Status.NOT_ATTEMPTED)
    if ended.fault and ended.fault.type == "MemoryError":
        return Unmet(f"line {ended.fault.line}: {_ENDS[Status.MEMORY]}", Status.MEMORY)
    if run.play.endless:
        text = f"the run was still going on at {run.play.now:g} s, after thousands of steps"
        return Unmet(f"{text}; does a task poll for something that never comes?", Status.TIMEOUT)
    if ended.how == "stopped":
        return Unmet(_describe_deadlock(run))
    if ended.fault and not world.failing:
        return Unmet(describe_fault(ended.fault, run.play.now))
    if ended.how == "cancelled" and world.cancel_at is None:
        return Unmet(f"at {run.play.now:g} s your function ended with a CancelledError of its own")
    return None


def describe_fault(fault: Fault, now: float) -> str:
    """Return a sentence about an exception, with its line and, where it helps, what to do."""
    where = f" in line {fault.line}" if fault.line else ""
    if fault.type == "SyntaxError":
        return f"Python cannot read the answer: {fault.message}{where}"
    advice = ""
    if fault.type == "NameError":
        advice = " (the grader runs the answer cell alone: import there all that it needs)"
    if "asyncio.run()" in fault.message:
        advice = " (a loop is running already; `await` the coroutine instead)"
    if fault.type == "StopAsyncIteration":
        advice = " (it asked for an item, and there was none)"
    message = f": {fault.message}" if fault.message not in ("", "None") else ""
    return f"at {now:g} s your code raised {fault.type}{where}{message}{advice}"


def describe_tasks(tasks: Sequence[str]) -> str:
    """Return a line for each task and what it waits for; at most four of them."""
    more = [f"… and {len(tasks) - 4} more"] if len(tasks) > 4 else []
    return "\n".join(f"    {line}" for line in [*tasks[:4], *more])


def answer_in_notebook(path: Path, function: str) -> tuple[str, str]:
    """Return the answer in a notebook file, and what to say if it is "".

    The answer is what stands in the cells tagged `answer`. If there are none, because the cell was
    moved or copied, it is the last cell that defines `function`.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except FileNotFoundError:
        return "", f"there is no notebook {path.name}"
    except (ValueError, KeyError, TypeError):
        return "", f"{path.name} is not a notebook; is it damaged, or half of a merge?"
    code = [cell for cell in cells if cell.get("cell_type") == "code"]
    tagged = [c for c in code if "answer" in c.get("metadata", {}).get("tags", [])]
    if tagged:
        return "\n\n".join("".join(cell["source"]) for cell in tagged), ""
    source = newest_definition(["".join(cell["source"]) for cell in code], function)
    return source, f"no cell of {path.name} defines {function}; take it from a fresh copy"


def newest_definition(cells: Sequence[str], function: str) -> str:
    """Return the last of the `cells` that defines `function`, or "" if none does."""
    definition = re.compile(rf"^(async\s+)?def\s+{function}\b", re.MULTILINE)
    return next((cell for cell in reversed(cells) if definition.search(cell)), "")


def _describe_deadlock(run: GradedRun) -> str:
    tasks = describe_tasks(run.ended.tasks)
    missing = ", ".join(sorted(set(run.ended.never_awaited)))
    hint = f"\n    (never awaited: {missing})" if missing else ""
    return f"at {run.play.now:g} s nothing can go on, every task waits for another:\n{tasks}{hint}"


def _quote(source: str, line: int) -> str:
    lines = source.splitlines()
    code = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return f"line {line} (`{code:.60}`)"


def _tidy(task: str) -> str:
    """Leave out what a beginner cannot read: object addresses, and the grader's own objects."""
    task = re.sub(r"in RemoteClockLoop.ask on <[^>]*>", "for the source, a stage or the sink", task)
    return re.sub(r" object at 0x[0-9a-f]+| at 0x[0-9a-f]+", "", task)
