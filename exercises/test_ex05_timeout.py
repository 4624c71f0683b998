"""Exercise 5, the pipeline with timeouts: what an answer must make true, for 10 points."""

from functools import partial
from typing import Any

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.failing import (
    each_is_reported_once,
    errors_are_closed_once_at_the_end,
    only_these_are_lost,
)
from pipeline_kit.grading.claims.general import (
    at_most_waiting,
    each_item_passes_all_stages_in_order,
    ends_at_once_when_cancelled,
    every_item_comes_out_once,
    no_task_is_left,
    one_item_at_a_time,
    order_is_kept,
    results_come_out_at,
    sink_is_closed_once_at_the_end,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.claims.timeout import (
    ends_with_a_timeout_at,
    is_cut_off,
    nothing_is_given_up,
)
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.failing import FailingWorld
from pipeline_kit.trace import SINK, SOURCE

STAGES = ("stage1", "stage2", "stage3")
WAITING = 3
"""Items that may stand between two neighbours; the statement says so."""
IN_TIME = 3.5
"""Beats that a stage may take; one beat is what it takes if nothing is wrong."""

EXERCISE = Exercise(
    number=5,
    title="The pipeline with timeouts",
    function="pipeline_with_timeout",
    demo=FailingWorld(
        items=[11, 22, 33, 44, 55, 66],
        work={"stage1": 1.0, "stage2": [1.0, 1.0, 6.0, 1.0, 1.0, 1.0], "stage3": 1.0},
        arguments={"stage_timeout": 2.0, "deadline": 20.0},
    ),
    hints=(
        "There are two limits. One is on a single call of a stage, again and again; the other is "
        "on everything that your function does, once. Around what would you put each?",
        "`async with asyncio.timeout(seconds)` cancels what is awaited inside of it, and raises "
        "TimeoutError around it. What stands inside is what is timed: should that be more than "
        "the call of the stage?",
        "A timeout around the task group ends all tasks in it, wherever they wait, and says so to "
        "the caller. Nothing needs to look at a clock. Then ask who closes `sink` and `errors` "
        "when a task is ended from outside; `with` does it on every way out.",
    ),
    extension="what if a stage needs a second to clean up after it has been cancelled (`try: … "
    "finally: await asyncio.sleep(1)`)? Let the timeout be 2 s, and predict when the stage takes "
    "its next item; then wrap the stages so, and look.",
)

ONCE, OVERLAP = "test_every_item_comes_out_once", "test_the_stages_overlap"


@check(
    points=0.5,
    hint="Begin with your answer to exercise 1. If nothing comes out: a function that starts tasks "
    "and returns takes its time limits away from under them. Who waits for your tasks?",
)
def test_every_item_comes_out_once(answer: Answer, draw: Draw) -> None:
    """While nothing is late, each item passes the three stages and comes out once, in order."""
    run = answer.run(_world(draw.items(), draw.beat()))
    every_item_comes_out_once(run)
    each_item_passes_all_stages_in_order(run)
    order_is_kept(run)
    no_task_is_left(run)


@check(
    points=1.5,
    needs=(ONCE,),
    hint="Compare with your answer to exercise 1: as long as nothing is late, nothing differs.",
)
def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
    """All three stages work at the same time, each on another item."""
    beat, items = draw.beat(), draw.items()
    run = answer.run(_world(items, beat))
    times = [(n + len(STAGES)) * beat for n in range(len(items))]
    results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=2,
    needs=(ONCE,),
    hint="Somebody must end the work when its time is over, while it is still going on; to look at "
    "the clock afterwards is too late. And what is no longer waited for may still be running.",
)
def test_late_work_is_cut_off(answer: Answer, draw: Draw) -> None:
    """Work that takes longer than `stage_timeout` is cancelled then, at each of the stages."""
    beat, items = draw.beat(), draw.items()
    late = len(items) - 2  # so that nothing waits behind it; the last item comes much later
    arrivals = [0.0] * (late + 1) + [50 * beat]
    for stage in STAGES:
        work = _late(items, beat, {late: stage})
        world = _world(items, beat, IN_TIME * beat, work=work, arrivals=arrivals)
        run = answer.run(world)
        is_cut_off(run, stage, late, IN_TIME * beat)
        one_item_at_a_time(run, stage)


@check(
    points=1,
    needs=("test_late_work_is_cut_off",),
    hint="What does your timeout time? A stage can do nothing about a slow source, a slow sink or "
    "a slow neighbour: only its own work on one item counts.",
)
def test_waiting_is_not_working(answer: Answer, draw: Draw) -> None:
    """However long an item waits before or after a stage, only the work on it is timed."""
    beat, items = draw.beat(), draw.items()
    rare = [6 * beat * n for n in range(len(items))]
    for more in ({"sink_pace": 6 * beat}, {"arrivals": rare}, {"work": _steady(3 * beat)}):
        run = answer.run(_world(items, beat, IN_TIME * beat, **more))
        nothing_is_given_up(run)
        every_item_comes_out_once(run)


@check(
    points=1.5,
    needs=("test_late_work_is_cut_off", "test_waiting_is_not_working"),
    hint="The stage goes on with the next item, and `errors` is told at once of this one: of the "
    "item as the source yielded it, as in exercise 4.",
)
def test_a_late_item_is_reported(answer: Answer, draw: Draw) -> None:
    """A late item is reported once, at once, as the source yielded it, and the others go on."""
    beat, items = draw.beat(), draw.items()
    middle = draw.randint(2, len(items) - 4)
    late = {0: "stage3", middle: "stage2", middle + 1: "stage2", len(items) - 1: "stage1"}
    run = answer.run(_world(items, beat, IN_TIME * beat, work=_late(items, beat, late)))
    each_is_reported_once(run, dict.fromkeys(late, "timeout"))
    only_these_are_lost(run, dict.fromkeys(late, "timeout"))
    order_is_kept(run)
    once = partial(each_is_reported_once, lost={1: "timeout"})
    holds_in_any_order(answer, draw, _world_with_a_late_item, once, runs=10)


@check(
    points=1,
    needs=(ONCE,),
    hint="At the deadline some tasks work, some wait for an item, and some wait to get rid of one. "
    "Which of these waits does your deadline end?",
)
def test_the_deadline_ends_the_run(answer: Answer, draw: Draw) -> None:
    """At the deadline the run ends with TimeoutError, wherever it is, and no task is left."""
    beat, items = draw.beat(), draw.items()
    rare = [50 * beat * n for n in range(len(items))]
    for more in ({}, {"arrivals": rare}, {"sink_pace": 50 * beat}):
        deadline = (draw.randint(4, 6) + 0.5) * beat
        run = answer.try_run(_world(items, beat, deadline=deadline, **more))
        ends_with_a_timeout_at(run, deadline)
        no_task_is_left(run)


@check(
    points=0.5,
    needs=("test_late_work_is_cut_off", "test_the_deadline_ends_the_run"),
    hint="Whoever reads from the sink waits until it is closed. On which ways can your tasks be "
    "left, and is there one on which nobody closes it?",
)
def test_the_sink_and_the_errors_are_closed(answer: Answer, draw: Draw) -> None:
    """Sink and `errors` are both closed once, at the end and also at the deadline."""
    beat, items = draw.beat(), draw.items()
    for deadline in (1000 * beat, 4.5 * beat):
        work = _late(items, beat, {len(items) - 1: "stage3"})
        run = answer.try_run(_world(items, beat, IN_TIME * beat, work=work, deadline=deadline))
        sink_is_closed_once_at_the_end(run)
        errors_are_closed_once_at_the_end(run)


@check(
    points=0.5,
    needs=(ONCE, OVERLAP),
    hint="If a stage or the sink is slow, but in time, where do the items pile up?",
)
def test_a_slow_stage_holds_back_those_before_it(answer: Answer, draw: Draw) -> None:
    """However slow a stage or the sink is, only a few items wait in front of it."""
    beat, items = draw.beat(), draw.items(10, 14)
    for slow in STAGES:
        run = answer.run(_world(items, beat, work=_steady(0.25 * beat) | {slow: 3 * beat}))
        at_most_waiting(run, slow, WAITING, "or memory runs out")
    run = answer.run(_world(items, beat, sink_pace=6 * beat))
    at_most_waiting(run, SINK, WAITING, "or memory runs out")


@check(
    points=0.5,
    needs=(ONCE,),
    hint="What if the source yields nothing at all, or a 0? Does your code anywhere ask whether an "
    "item or a result is true?",
)
def test_empty_sources_and_odd_items(answer: Answer, draw: Draw) -> None:
    """An empty source, and items that are zero, negative or equal, are no problem."""
    beat, equal = draw.beat(), draw.randint(10, 99)
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    for zeros in (False, True):
        every_item_comes_out_once(answer.run(_world(items, beat, zeros=zeros)))
    no_task_is_left(answer.run(_world([], beat)))


@check(
    points=0.5,
    needs=(ONCE,),
    hint="Which exceptions does your `except` catch? Only one kind of them means that time is up.",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a stage or the source fails, which is no timeout, the caller gets the error."""
    beat = draw.beat()
    for failed in (*STAGES, SOURCE):
        run = answer.run(_world(draw.items(), beat, failing=(failed, draw.randint(1, 4))))
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    needs=(ONCE,),
    hint="A cancellation from outside and one by a timeout look alike where they strike: both are "
    "a CancelledError. Catch TimeoutError only, and leave the telling apart to asyncio.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled from outside, it ends at once, and not as a timeout."""
    beat = draw.beat()
    moment = (draw.randint(3, 5) + 0.5) * beat
    run = answer.run(_world(draw.items(), beat, cancel_at=moment))
    ends_at_once_when_cancelled(run)
    each_is_reported_once(run, {})
    no_task_is_left(run)


def _world_with_a_late_item(draw: Draw) -> FailingWorld:
    """Return a world in which item 1 is late, at some stage."""
    items = draw.items(2, 3)
    return _world(items, 1.0, IN_TIME, work=_late(items, 1.0, {1: draw.choice(STAGES)}))


def _steady(time: float) -> dict[str, float]:
    return dict.fromkeys(STAGES, time)


def _late(items: list[int], beat: float, late: dict[int, str]) -> dict[str, list[float]]:
    """Return working times of one beat, and of many where an item is late at a stage."""
    numbers = range(len(items))
    return {s: [8 * beat if late.get(n) == s else beat for n in numbers] for s in STAGES}


def _world(
    items: list[int], beat: float, timeout: float = 1e6, *, deadline: float = 1e6, **more: Any
) -> FailingWorld:
    arguments = {"stage_timeout": timeout, "deadline": deadline}
    more = {"work": _steady(beat), "arguments": arguments, **more}
    return FailingWorld(items=items, **more)
