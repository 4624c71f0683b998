"""How a run ended that should have ended otherwise, in sentences that a beginner can read."""

import re
import sys
from collections.abc import Sequence

from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.process.protocol import Fault
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.trace import SOURCE

ENDS = {
    Status.TIMEOUT: "it had not come to an end after {limit:g} s of real time, and was stopped; "
    "is there a loop without an `await` that takes time, or a call that blocks the whole thread?",
    Status.MEMORY: "it used up the memory it may have, and was stopped; "
    "is something kept that could be passed on?",
    Status.CRASHED: "it took its whole Python process down, as os._exit does, "
    "or a recursion that is too deep for Python itself",
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
        return Unmet(_describe_endless(run), Status.TIMEOUT)
    if ended.threads:
        text = f"the thread {ended.threads[0]!r} that your code had started was still running"
        return Unmet(f"{text} at the end; an answer needs no threads, only tasks")
    if ended.how == "stopped":
        return Unmet(_describe_deadlock(run))
    if ended.fault and not (world.failing and has_failed(run)):
        return Unmet(describe_fault(ended.fault, run.play.now))
    if ended.how == "cancelled" and world.cancel_at is None:
        return Unmet(f"at {run.play.now:g} s your function ended with a CancelledError of its own")
    return None


def has_failed(run: GradedRun) -> bool:
    """Tell whether the stage or source that fails in this world has come so far."""
    assert run.play.world.failing
    failed, item = run.play.world.failing
    if failed == SOURCE:
        return len(run.trace.completions(SOURCE)) >= item
    return run.play.has_failed(failed)


def describe_fault(fault: Fault, now: float) -> str:
    """Return a sentence about an exception, with its line and, where it helps, what to do."""
    where = f" in line {fault.line}" if fault.line else ""
    if fault.type == "AnswerError":
        return fault.message
    advice = "".join(
        f" ({text})" for kind, part, text in _ADVICE if kind == fault.type and part in fault.message
    )
    if fault.type in _UNREADABLE:
        return f"{UNREADABLE} line {fault.line} of the answer: {fault.message}{advice}"
    message = f": {fault.message:.300}" if fault.message not in ("", "None") else ""
    return f"at {now:g} s your code raised {fault.type}{where}{message}{advice}"


UNREADABLE = f"Python {sys.version_info.major}.{sys.version_info.minor} cannot read"
"""How the sentence begins if the answer is no Python, or none of this version."""
_UNREADABLE = ("SyntaxError", "IndentationError", "TabError")
_ADVICE = (
    (
        "NameError",
        "",
        "the grader runs the answer cell alone: import or define there what it needs",
    ),
    ("ModuleNotFoundError", "", "an answer needs Python's own modules and pipeline_kit alone"),
    ("ImportError", "relative import", "the answer cell is alone: define in it what it needs"),
    ("SystemExit", "", "an answer returns at its end; it leaves Python running"),
    ("RuntimeError", "asyncio.run()", "a loop is running already; `await` the coroutine instead"),
    ("RuntimeError", "loop is already running", "`await` the coroutine instead"),
    ("RuntimeError", "already awaited coroutine", "keep its result instead, or a task of it"),
    ("RecursionError", "", "a function calls itself without an end"),
    ("StopAsyncIteration", "", "it asked for an item, and there was none"),
    ("TypeError", "'Source'", "read it with `async for item in source`"),
    ("AttributeError", "'Sink' object", "the sink has `send`, to be awaited, and `close`"),
    ("BdbQuit", "", "nobody is there to talk to a debugger; print instead"),
    ("EOFError", "", "nobody is there to answer an input()"),
    ("TypeError", "NoneType can't be used in 'await'", "that call is not to be awaited"),
    ("SyntaxError", "outside function", "run it in another cell: the answer is only to define"),
    ("SyntaxError", "outside async function", "begin the function with `async def`"),
)
"""What to do about an exception: its type, a part of its message, and the advice."""


def overlooked(run: GradedRun) -> str:
    """Return a sentence about what nobody awaited: a call, a task that failed, one at work."""
    ended = run.ended
    if ended.never_awaited:
        return f"{_short(ended.never_awaited[0])} was called without `await`, so it never ran"
    if ended.lost:
        return f"a task that nobody awaited had failed with {ended.lost[0]:.300}"
    if ended.tasks and ended.how == "returned":
        return (
            "tasks that it had started were not done: wait for them, with `await`, or by starting "
            "them in an asyncio.TaskGroup"
        )
    return ""


def _short(name: str) -> str:
    """Leave out of a qualified name in which function it stands."""
    return name.rpartition("<locals>.")[2]


def describe_tasks(tasks: Sequence[str]) -> str:
    """Return a line for each task and what it waits for; at most four of them."""
    more = [f"… and {len(tasks) - 4} more"] if len(tasks) > 4 else []
    return "\n".join(f"    {line}" for line in [*tasks[:4], *more])


def _describe_endless(run: GradedRun) -> str:
    return (
        f"the run was still going on at {run.play.now:g} s, after thousands of steps; does a task "
        f"poll, or wait, for something that never comes?\n{describe_tasks(run.ended.tasks)}"
    ).rstrip()


def _describe_deadlock(run: GradedRun) -> str:
    tasks = describe_tasks(run.ended.tasks)
    more = overlooked(run)
    cause = f"\n    Before that, {more}." if more else ""
    return f"at {run.play.now:g} s nothing can go on, every task waits for another:\n{tasks}{cause}"


def quote(source: str, line: int) -> str:
    """Return a line of the answer as a sentence can name it."""
    lines = source.splitlines()
    code = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return f"line {line} (`{code:.60}`)"


def tidy(task: str) -> str:
    """Leave out what a beginner cannot read: object addresses, and the grader's own objects."""
    for pattern, text in _UNREADABLE_PARTS:
        task = re.sub(pattern, text, task)
    return task


_UNREADABLE_PARTS = (
    (r"in RemoteClockLoop.ask on <[^>]*>", "for the source, a stage or the sink"),
    (r" object at 0x[0-9a-f]+| at 0x[0-9a-f]+", ""),
    (r"^'Task-\d+'", "a task"),
    (r"on <Channel 'unnamed': ([^>]*)>", r"on a Channel (\1)"),
    (r"on <Queue maxsize=(\d+)[^>]*_putters[^>]*>", r"on a full Queue (maxsize \1)"),
    (r"on <Queue [^>]*_getters[^>]*>", "on an empty Queue"),
    (r"on <asyncio\.locks\.(\w+) \[([^\],]*)[^\]]*\]>", r"on \1 (\2)"),
    (r"\(your answer, line (\d+), in (\w+)\)", r"(line \1, in \2)"),
)
