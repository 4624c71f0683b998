"""How a run ended that should have ended otherwise, in sentences that a beginner can read."""

import re
from collections.abc import Sequence

from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.protocol import Fault
from pipeline_kit.grading.status import Status, Unmet

ENDS = {
    Status.TIMEOUT: "it had not come to an end after {limit:g} s of real time, and was stopped; "
    "is there a loop without an await that takes time?",
    Status.MEMORY: "it used up the memory it may have, and was stopped; "
    "is something kept that could be passed on?",
    Status.CRASHED: "it took its whole Python process down; an answer needs no os._exit, "
    "and nothing from ctypes",
    Status.TAMPERED: "it wrote into the connection between your code and the grader; "
    "an answer only needs source, stages and sink",
}
"""What to say of a run whose process was lost, by status."""


def problem_with(run: GradedRun) -> Unmet | None:
    """Return what to say of a run that did not end as it should, None if it did."""
    ended, world = run.ended, run.play.world
    if ended.fault and ended.fault.type == "NotImplementedError":
        return Unmet("the answer still raises NotImplementedError", Status.NOT_ATTEMPTED)
    if ended.fault and ended.fault.type == "MemoryError":
        return Unmet(f"line {ended.fault.line}: {ENDS[Status.MEMORY]}", Status.MEMORY)
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


def _describe_deadlock(run: GradedRun) -> str:
    tasks = describe_tasks(run.ended.tasks)
    missing = ", ".join(sorted(set(run.ended.never_awaited)))
    hint = f"\n    (never awaited: {missing})" if missing else ""
    return f"at {run.play.now:g} s nothing can go on, every task waits for another:\n{tasks}{hint}"


def quote(source: str, line: int) -> str:
    """Return a line of the answer as a sentence can name it."""
    lines = source.splitlines()
    code = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return f"line {line} (`{code:.60}`)"


def tidy(task: str) -> str:
    """Leave out what a beginner cannot read: object addresses, and the grader's own objects."""
    task = re.sub(r"in RemoteClockLoop.ask on <[^>]*>", "for the source, a stage or the sink", task)
    return re.sub(r" object at 0x[0-9a-f]+| at 0x[0-9a-f]+", "", task)
