"""The student's process: runs an answer as often as it is told to, and reports how each run ended.

Started by `process.py` and of no use by itself. It is kind rather than strict: it says what a
beginner needs to know in plain words. Nothing depends on its being honest, because what counts is
what the world has seen.
"""

import asyncio
import faulthandler
import gc
import json
import threading
import warnings
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any

from pipeline_kit.deadlock import describe_waiting_tasks
from pipeline_kit.grading.student.clocks import let_clocks_tell_virtual_time
from pipeline_kit.grading.student.confinement import keep_answers_inside
from pipeline_kit.grading.student.faults import FILE, LostErrors, describe, note_place
from pipeline_kit.grading.student.given import Sink, Source, signal, stage
from pipeline_kit.grading.student.limits import limit
from pipeline_kit.grading.student.orphans import end_with_the_grader
from pipeline_kit.grading.student.printed import Printed
from pipeline_kit.grading.student.refusals import (
    awaitable,
    call,
    defined,
    refuse_what_is_never_right,
)
from pipeline_kit.grading.student.remote import RemoteClockLoop, StoppedError, Wire
from pipeline_kit.grading.student.remote_errors import Errors

_MOST_RETURNED = 20_000
_MOST_LINES = 10
_MOST_TEXT = 500
_PATIENCE_WITH_THREADS = 0.1
"""Seconds of real time for a thread to end, once the run is over."""


def main(memory: int) -> None:
    """Run what the grader orders until it hangs up.

    Args:
        memory: bytes of memory that answers may use beyond what is in use now.
    """
    faulthandler.enable()  # says where, should the interpreter itself crash
    wire = Wire()
    end_with_the_grader()
    limit(memory)
    refuse_what_is_never_right()
    let_clocks_tell_virtual_time()
    keep_answers_inside()
    gc.freeze()  # so that looking for garbage after each run passes by all that is there by now
    while message := wire.read():
        wire.write({"ended": perform(message["order"], wire)})


def perform(order: dict[str, Any], wire: Wire) -> dict[str, Any]:
    """Run the answer once, and return the report (the fields of `protocol.Ended`)."""
    printed = Printed()
    alarm = threading.Timer(order["patience"], note_place, [threading.get_ident()])
    alarm.daemon = True
    alarm.start()
    before = set(threading.enumerate())
    with (
        redirect_stdout(printed),
        redirect_stderr(printed),
        warnings.catch_warnings(record=True) as seen,
    ):
        warnings.simplefilter("always")
        report = _run(order, wire)
        gc.collect()  # a coroutine that was not awaited is only noticed when it is thrown away
    alarm.cancel()
    never_awaited = [
        str(warning.message).split("'")[1][:_MOST_TEXT]
        for warning in seen
        if warning.category is RuntimeWarning and "was never awaited" in str(warning.message)
    ]
    report["never_awaited"] = never_awaited[:_MOST_LINES]
    report["threads"] = _threads_beside(before)
    report["printed"] = printed.text()
    return report


def _run(order: dict[str, Any], wire: Wire) -> dict[str, Any]:
    loop, lost = _loop(order["schedule"], wire), LostErrors()
    loop.set_exception_handler(lost)
    report: dict[str, Any] = {"how": "returned", "fault": None, "tasks": [], "returned": None}
    try:
        report["returned"] = _sayable(loop.run_until_complete(_start(order, loop)))
        loop.run_until_complete(_settle())
    except StoppedError:
        report["how"] = "stopped"
    except asyncio.CancelledError:
        report["how"] = "cancelled"
        loop.run_until_complete(_settle())
    except BaseException as error:
        report |= {"how": "raised", "fault": describe(error)}
        with suppress(StoppedError):
            loop.run_until_complete(_settle())
    report["requests"] = loop.requests
    waiting = describe_waiting_tasks(loop).splitlines()[:_MOST_LINES]
    report["tasks"] = [line.strip()[:_MOST_TEXT] for line in waiting]
    report["timers"] = loop.timers()
    lost.ignored |= set(map(id, asyncio.all_tasks(loop)))
    _clean_up(loop)
    report["lost"] = lost.texts  # which grows until the last task is thrown away
    return report


def _loop(schedule: int | None, wire: Wire) -> RemoteClockLoop:
    if schedule is None:
        return RemoteClockLoop(wire)
    from pipeline_kit.grading.student.shuffled import ShuffledRemoteLoop  # few runs need it

    return ShuffledRemoteLoop(wire, schedule)


def _start(order: dict[str, Any], loop: RemoteClockLoop) -> "asyncio.Task[object]":
    """Run the code of the answer, and start the function that it defines as a task."""
    namespace: dict[str, Any] = {"__name__": "answer"}
    exec(compile(order["source"], FILE, "exec"), namespace)
    name = order["function"]
    function = defined(name, namespace)
    stages = [stage(loop, stage_name) for stage_name in order["stages"]]
    more = order["arguments"] | {stream: Source(loop, stream) for stream in order["streams"]}
    more |= {signal_name: signal(loop, signal_name) for signal_name in order["signals"]}
    if order["errors"]:
        more["errors"] = Errors(loop)
    coroutine = awaitable(name, call(name, function, [Source(loop), *stages, Sink(loop)], more))
    task = loop.create_task(coroutine, name=name)
    loop.on_cancel = task.cancel
    return task


def _sayable(value: object) -> object:
    """Return `value` if JSON can say it, else what it is instead."""
    with suppress(TypeError, ValueError, RecursionError):
        if len(text := json.dumps(value, allow_nan=False)) <= _MOST_RETURNED:
            return json.loads(text)
    return f"something of type {type(value).__name__}"


async def _settle() -> None:
    """Let tasks that have been cancelled, but not waited for, come to their end."""
    asyncio.current_task().set_name("settle")  # type: ignore[union-attr] # we are inside a task
    for _ in range(5):
        await asyncio.sleep(0)


def _threads_beside(before: set[threading.Thread]) -> list[str]:
    """Return the names of threads that go on; one that is about to end is given the time to."""
    for thread in (started := set(threading.enumerate()) - before):
        thread.join(_PATIENCE_WITH_THREADS)
    return [thread.name[:_MOST_TEXT] for thread in started if thread.is_alive()][:_MOST_LINES]


def _clean_up(loop: RemoteClockLoop) -> None:
    loop.stopped = loop.stopped or "the run is over"
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    with suppress(StoppedError):
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=None))
        loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
