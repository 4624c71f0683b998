"""Exercise 4, the pipeline with error handling: what an answer must make true, for 10 points."""

from typing import Any

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.failing import (
    each_is_reported_once,
    errors_are_closed_once_at_the_end,
    is_tried,
    only_these_are_lost,
)
from pipeline_kit.grading.claims.general import (
    at_most_waiting,
    each_item_passes_all_stages_in_order,
    ends_at_once_when_cancelled,
    every_item_comes_out_once,
    no_task_is_left,
    order_is_kept,
    results_come_out_at,
    sink_is_closed_once_at_the_end,
    something_came_out,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.failing import ALWAYS, FailingWorld
from pipeline_kit.trace import SINK, SOURCE

STAGES = ("stage1", "stage2", "stage3")
WAITING = 3
"""Items that may stand between two neighbours; the statement says so."""

EXERCISE = Exercise(
    number=4,
    title="The pipeline with error handling",
    function="pipeline_with_error_handling",
    demo=FailingWorld(
        items=[11, 22, 33, 44, 55, 66],
        work=dict.fromkeys(STAGES, 1.0),
        failures={"stage2": {1: 1}, "stage3": {3: ALWAYS}},
        arguments={"attempts": 2},
    ),
    hints=(
        "An exception leaves the loop that it is raised in, and with it the task. Around how much "
        "of a stage's loop must the `try` stand, so that the loop goes on with the next item?",
        "What `stage3` was given when it failed says little to whoever reads `errors`: they know "
        "the items of the source. What must travel through the channels along with each value, so "
        "that the last stage can still say which item it was?",
        "Write a helper that calls a stage up to `attempts` times and raises the last exception, "
        "then a stage needs one `try … except Exception … else`: hand over what failed, or send "
        "on what came of it. A cancellation is no `Exception`, so it passes through.",
    ),
    extension="let a try that has failed be repeated after a pause, twice as long each time. Where "
    "does the pause hold up the items behind, and what would it cost to let them overtake?",
)


@check(
    points=2,
    hint="Compare with your answer to exercise 1: as long as nothing fails, nothing differs.",
)
def test_it_is_a_pipeline(answer: Answer, draw: Draw) -> None:
    """While nothing fails, each item comes out once, in order, and the stages overlap."""
    beat, items = draw.beat(), draw.items()
    run = answer.run(_world(items, beat))
    every_item_comes_out_once(run)
    each_item_passes_all_stages_in_order(run)
    order_is_kept(run)
    times = [(n + len(STAGES)) * beat for n in range(len(items))]
    results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=2.5,
    hint="Which loop does the exception end? Only the item that failed should be done with; the "
    "stage should take the next one.",
)
def test_the_others_go_on(answer: Answer, draw: Draw) -> None:
    """An item that fails for good is left out, and all others come out, in order."""
    for attempts in (1, draw.randint(2, 3)):
        items = draw.items()
        middle = draw.randint(2, len(items) - 4)
        lost = {0: "stage2", middle: "stage1", middle + 1: "stage1", len(items) - 1: "stage3"}
        run = answer.run(_world(items, draw.beat(), attempts=attempts, failures=_always(lost)))
        only_these_are_lost(run, lost)
        order_is_kept(run)


@check(
    points=1.5,
    needs=("test_the_others_go_on",),
    hint="Whoever reads `errors` knows the items as the source yielded them. Which of your tasks "
    "still knows that, when a later stage fails?",
)
def test_each_failure_is_reported(answer: Answer, draw: Draw) -> None:
    """Each item that fails for good is reported once, at once, as the source yielded it."""
    items = draw.items()
    lost = dict(zip(draw.sample(range(len(items)), 3), STAGES, strict=True))
    all_lost = dict.fromkeys(range(len(items)), draw.choice(STAGES))
    for each, attempts in ((lost, 2), (all_lost, draw.randint(1, 2))):
        world = _world(items, draw.beat(), attempts=attempts, failures=_always(each))
        each_is_reported_once(answer.run(world), each)


@check(
    points=1.5,
    needs=("test_the_others_go_on",),
    hint="Count how often a stage is called with an item that fails every time; the first call is "
    "a try too. And what if a later try succeeds?",
)
def test_a_stage_that_fails_is_tried_again(answer: Answer, draw: Draw) -> None:
    """A stage is tried up to `attempts` times with an item, which keeps its place meanwhile."""
    items, beat = draw.items(), draw.beat()
    for attempts in (2, draw.randint(3, 5)):
        for stage in STAGES:
            recovers, never = draw.sample(range(len(items)), 2)
            failures = {stage: {recovers: attempts - 1, never: ALWAYS}}
            run = answer.run(_world(items, beat, attempts=attempts, failures=failures))
            for each in STAGES:
                is_tried(run, each, recovers, attempts if each == stage else 1)
            is_tried(run, stage, never, attempts)
            only_these_are_lost(run, {never: stage})
            order_is_kept(run)


@check(
    points=0.5,
    needs=("test_the_others_go_on",),
    hint="The last stage can fail with the last item. Which of your tasks knows that nothing more "
    "can go wrong, and that all that did has been handed over?",
)
def test_the_sink_and_the_errors_are_closed(answer: Answer, draw: Draw) -> None:
    """Sink and `errors` are both closed once, after the last result and the last error."""
    items = draw.items()
    for lost in ({}, {len(items) - 1: "stage3"}):
        run = answer.run(_world(items, draw.beat(), failures=_always(lost)))
        sink_is_closed_once_at_the_end(run)
        errors_are_closed_once_at_the_end(run)
    holds_in_any_order(answer, draw, _hasty_world, errors_are_closed_once_at_the_end, runs=10)


@check(
    points=0.5,
    needs=("test_it_is_a_pipeline",),
    hint="If the last stage is slow, where do the items pile up? Something must make the stages "
    "before it wait.",
)
def test_a_slow_stage_holds_back_those_before_it(answer: Answer, draw: Draw) -> None:
    """However slow a stage or the sink is, only a few items wait in front of it."""
    beat, items = draw.beat(), draw.items(10, 14)
    for slow in STAGES:
        world = _world(items, beat, work=dict.fromkeys(STAGES, beat) | {slow: 6 * beat})
        at_most_waiting(answer.run(world), slow, WAITING, "or memory runs out")
    run = answer.run(_world(items, beat, sink_pace=6 * beat))
    at_most_waiting(run, SINK, WAITING, "or memory runs out")


@check(
    points=0.5,
    hint="A result of 0 is a result. Does your code anywhere ask whether an item or a result is "
    "true, or use one as a key?",
)
def test_empty_sources_and_odd_items(answer: Answer, draw: Draw) -> None:
    """An empty source, and items that are zero, negative or equal, are no problem."""
    beat, equal = draw.beat(), draw.randint(10, 99)
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    before = answer.run(_world(draw.items(6, 6), beat))
    something_came_out(before)
    for zeros in (False, True):
        run = answer.run(_world(items, beat, zeros=zeros))
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)
    no_task_is_left(answer.run(_world([], beat)))


@check(
    points=0.5,
    hint="Without its source a pipeline cannot go on: this error is not about one item. Does your "
    "`try` stand around the `async for` too?",
)
def test_an_error_of_the_source_reaches_the_caller(answer: Answer, draw: Draw) -> None:
    """If the source itself fails, the caller gets the error, and no task is left."""
    something_came_out(answer.run(_world(draw.items(), draw.beat())))
    run = answer.run(_world(draw.items(), draw.beat(), failing=(SOURCE, draw.randint(1, 4))))
    the_error_reaches_the_caller(run)
    no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`, also at that of a stage. "
    "Is it an error of that stage?",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled, it ends at once: that is no failure to try again."""
    beat = draw.beat()
    moment = (draw.randint(3, 5) + 0.5) * beat
    run = answer.run(_world(draw.items(), beat, attempts=3, cancel_at=moment))
    ends_at_once_when_cancelled(run)
    each_is_reported_once(run, {})
    no_task_is_left(run)


def _hasty_world(draw: Draw) -> FailingWorld:
    """Return a world in which the last item fails while the one before it is still on its way."""
    items, stage = draw.items(2, 4), draw.choice(STAGES[::-1])
    return _world(items, draw.choice([0.0, 1.0]), failures=_always({len(items) - 1: stage}))


def _always(lost: dict[int, str]) -> dict[str, dict[int, int]]:
    """Return the failures with which these items are lost at these stages."""
    return {stage: {i: ALWAYS for i, s in lost.items() if s == stage} for stage in STAGES}


def _world(items: list[int], beat: float, *, attempts: int = 1, **more: Any) -> FailingWorld:
    work = dict.fromkeys(STAGES, beat)
    more = {"work": work, "arguments": {"attempts": attempts}, **more}
    return FailingWorld(items=items, **more)
