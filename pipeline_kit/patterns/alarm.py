"""An alarm clock for tasks: cancels a task at a certain time, unless its alarm is stopped before.

A timer of the event loop costs more than all the rest of a time limit: it is an object in a heap,
and stays there for a while after it was cancelled. But most calls that need an alarm come one after
the other in the same task, and many are over before the event loop has its next turn. So an alarm
that was stopped is kept until then, with its timer set, for the next call of its task.

    call 1        call 2        call 3                 the loop's turn: no longer needed
    set ── stop   set ── stop   set ── stop   ·······  cancel the timer
    timer ─────────────────────────────────────────────╯

If the timer goes off although the alarm was set to a later time, it is set again, to that.
"""

import asyncio
from math import inf
from typing import Any

Task = asyncio.Task[Any]


class Alarm:
    """Cancels `task` at the time `due`; made by an `AlarmClock`."""

    __slots__ = ("_loop", "_timer", "_timer_due", "due", "rung", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop, task: Task, due: float) -> None:
        self.task = task
        self.due = due
        """When to ring, by the clock of the event loop, in seconds; `inf` once it is stopped."""
        self.rung = False
        """Whether it has cancelled the task since it was last set."""
        self._loop = loop
        self._timer = loop.call_at(due, self._go_off)
        self._timer_due = due

    def set(self, due: float) -> None:
        """Set it again, to another time."""
        self.due, self.rung = due, False
        if due < self._timer_due:
            self._timer.cancel()
            self._start_timer()

    def give_up_timer(self) -> None:
        """Free the event loop of the timer, if it has not gone off."""
        self._timer.cancel()
        self._timer_due = inf

    def _start_timer(self) -> None:
        self._timer = self._loop.call_at(self.due, self._go_off)
        self._timer_due = self.due

    def _go_off(self) -> None:
        on_time, self._timer_due = self.due == self._timer_due, inf
        if on_time:
            self.rung = True
            self.task.cancel()
        elif self.due < inf:
            self._start_timer()


class AlarmClock:
    """Sets and stops alarms, any number of them at the same time, also for the same task."""

    def __init__(self) -> None:
        self._stopped: dict[Task, Alarm] = {}  # in this turn of the event loop
        self._loop: asyncio.AbstractEventLoop | None = None

    def set(self, loop: asyncio.AbstractEventLoop, task: Task, due: float) -> Alarm:
        """Set an alarm for `task` at the time `due`."""
        alarm = self._stopped.pop(task, None)
        if alarm is None:
            return Alarm(loop, task, due)
        alarm.set(due)
        return alarm

    def stop(self, loop: asyncio.AbstractEventLoop, alarm: Alarm) -> None:
        """Stop an alarm; whether it has rung can still be seen."""
        alarm.due = inf
        if loop is not self._loop:
            self._loop = loop
            self._stopped.clear()
        if not self._stopped:
            if loop.is_closed():
                return  # and nobody is left to be cancelled
            loop.call_soon(self._tidy_up)
        self._stopped[alarm.task] = alarm

    def _tidy_up(self) -> None:
        for alarm in self._stopped.values():
            alarm.give_up_timer()
        self._stopped.clear()
