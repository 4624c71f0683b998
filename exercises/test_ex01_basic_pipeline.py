"""Exercise 1, the basic pipeline: what an answer must make true, for 10 points."""

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
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
    something_came_out,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, SOURCE

STAGES = ("stage1", "stage2", "stage3")
WAITING = 3
"""Items that may stand between two neighbours; the statement says so."""

EXERCISE = Exercise(
    number=1,
    title="The basic pipeline",
    function="basic_pipeline",
    demo=World(items=[11, 22, 33, 44, 55, 66], work={"stage1": 1.0, "stage2": 1.5, "stage3": 1.0}),
    hints=(
        "A task does one thing at a time: while it waits at an `await`, others can run. How many "
        "tasks does it take for three stages to be at work at once?",
        "Give each stage a task of its own, and put something between two neighbours that the one "
        "puts results into and the other takes them from. All three tasks then do the same: take, "
        "work, pass on, until there is nothing more to take.",
        "Decide who says “nothing more comes”. A task knows it for what it writes to, once its own "
        "input has ended, and `with channel:` says it on every way out. An `asyncio.TaskGroup` "
        "waits for all three tasks, and ends them all if one fails. The sink is just what the "
        "last task writes to.",
    ),
    extension="make it a pipeline of any number of stages: let `basic_pipeline` call a function "
    "`chain(source, stages, sink)` of yours. What does a tenth stage cost one item, and what does "
    "it cost a hundred items?",
)


@check(
    points=1,
    hint="Follow the last item, and a lone one. What tells each task that nothing more comes, and "
    "can it hear that before it has passed on what it holds?",
)
def test_every_item_comes_out_once(answer: Answer, draw: Draw) -> None:
    """Each item reaches the sink exactly once, whoever is quicker, and whose turn it is first."""
    for items in (draw.items(), draw.items(1, 1)):
        run = answer.run(World(items=items, work=dict.fromkeys(STAGES, draw.beat())))
        every_item_comes_out_once(run)
    holds_in_any_order(answer, draw, _hasty_world, every_item_comes_out_once)


@check(
    points=1,
    hint="Write down which stage each of your tasks calls, and where its result goes next.",
)
def test_items_pass_the_stages_in_order(answer: Answer, draw: Draw) -> None:
    """Each item passes stage 1, then stage 2, then stage 3."""
    run = answer.run(World(items=draw.items(), work=dict.fromkeys(STAGES, draw.beat())))
    each_item_passes_all_stages_in_order(run)


@check(
    points=0.5,
    hint="When several items wait in front of a stage, which one does it take? A queue is first "
    "in, first out; a stack is not.",
)
def test_the_order_is_kept(answer: Answer, draw: Draw) -> None:
    """Results come out in the order in which their items went in."""
    beat, items = draw.beat(), draw.items()
    uneven = [beat * draw.randint(1, 3) for _ in items]
    work = {"stage1": beat, "stage2": 3 * beat, "stage3": uneven}
    order_is_kept(answer.run(World(items=items, work=work)))


@check(
    points=3.5,
    hint="Who works on item 1 while stage 2 is busy with item 0? An `await` makes only the task "
    "wait that it stands in, so count your tasks.",
)
def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
    """All three stages work at the same time, each on another item."""
    beat, items = draw.beat(), draw.items()
    run = answer.run(World(items=items, work=dict.fromkeys(STAGES, beat)))
    times = [(n + len(STAGES)) * beat for n in range(len(items))]
    results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=0.5,
    hint="A stage is one worker at a bench. Do you start something for each item that could run "
    "beside what you started for the item before?",
)
def test_a_stage_works_on_one_item_at_a_time(answer: Answer, draw: Draw) -> None:
    """No stage works on two items at once, even if it is the slow one."""
    beat, items = draw.beat(), draw.items()
    for slow in STAGES:
        run = answer.run(World(items=items, work=dict.fromkeys(STAGES, beat) | {slow: 4 * beat}))
        for stage in STAGES:
            one_item_at_a_time(run, stage)


@check(
    points=0.5,
    hint="The source may take an hour between two items, or never end. When do you start to work "
    "on what you already have?",
)
def test_items_flow_as_they_come(answer: Answer, draw: Draw) -> None:
    """The first results come out while the source is still at work, and it is not read ahead."""
    beat, items = draw.beat(), draw.items()
    arrivals = [n * 5 * beat for n in range(len(items))]
    run = answer.run(World(items=items, arrivals=arrivals, work=dict.fromkeys(STAGES, beat)))
    times = [arrivals[item] + len(STAGES) * beat for item in run.came_out]
    results_come_out_at(run, times, f"if an item comes every {5 * beat:g} s and is passed on")
    slow = answer.run(World(items=items, work=dict.fromkeys(STAGES, beat) | {"stage1": 3 * beat}))
    at_most_waiting(slow, "stage1", WAITING, "or memory runs out when the source is long")


@check(
    points=0.5,
    hint="If the last stage is slow, where do the items pile up? Something must make the stages "
    "before it wait.",
)
def test_a_slow_stage_holds_back_those_before_it(answer: Answer, draw: Draw) -> None:
    """However slow a stage or the sink is, only a few items wait in front of it."""
    beat, items = draw.beat(), draw.items(10, 14)
    steady = dict.fromkeys(STAGES, beat)
    for slow in ("stage2", "stage3"):
        run = answer.run(World(items=items, work=steady | {slow: 6 * beat}))
        at_most_waiting(run, slow, WAITING, "or memory runs out")
    run = answer.run(World(items=items, work=steady, sink_pace=6 * beat))
    at_most_waiting(run, SINK, WAITING, "or memory runs out")


@check(
    points=0.5,
    hint="Whoever reads from the sink waits for the next result until it is closed. Which of your "
    "tasks knows that the last one has been sent?",
)
def test_the_sink_is_closed(answer: Answer, draw: Draw) -> None:
    """The sink is closed once, after the last result."""
    for pace in (0.0, 3.0):
        work = dict.fromkeys(STAGES, draw.beat())
        run = answer.run(World(items=draw.items(), work=work, sink_pace=pace))
        sink_is_closed_once_at_the_end(run)


@check(
    points=0.5,
    hint="What does each of your tasks do if the very first thing it hears is that there is "
    "nothing more?",
)
def test_an_empty_source_is_no_problem(answer: Answer, draw: Draw) -> None:
    """If the source yields nothing, the pipeline just ends."""
    work = dict.fromkeys(STAGES, draw.beat())
    order_is_kept(answer.run(World(items=draw.items(2, 3), work=work)))  # first, that it works
    no_task_is_left(answer.run(World(items=[], work=work)))


@check(
    points=0.5,
    hint="Items can be 0, negative, or equal to one another. Does your code anywhere ask whether "
    "an item is true, compare items, or use one as a key?",
)
def test_any_value_is_an_item(answer: Answer, draw: Draw) -> None:
    """Zero, negative and equal items are items like any other."""
    equal, negative = draw.randint(10, 99), -draw.randint(1, 99)
    items = [negative, 0, equal, equal, draw.randint(100, 199), 0, equal, draw.randint(200, 299)]
    before = answer.run(World(items=draw.items(8, 8), work=dict.fromkeys(STAGES, draw.beat())))
    something_came_out(before)
    for zeros in (False, True):
        run = answer.run(World(items=items, work=before.play.world.work, zeros=zeros))
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)


@check(
    points=0.5,
    hint="What becomes of the other tasks if one of them fails? An asyncio.TaskGroup ends them "
    "all, and hands the error on.",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a stage or the source fails, the caller gets the error, and no task is left."""
    work = dict.fromkeys(STAGES, draw.beat())
    for failed in (*STAGES, SOURCE):
        run = answer.run(World(items=draw.items(), work=work, failing=(failed, draw.randint(1, 4))))
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`. Whoever catches it must "
    "raise it again, and must not leave tasks behind.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled, it ends at once, and no task is left."""
    beat = draw.beat()
    moment = (draw.randint(3, 5) + 0.5) * beat
    work = dict.fromkeys(STAGES, beat)
    run = answer.run(World(items=draw.items(), work=work, cancel_at=moment))
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)


def _hasty_world(draw: Draw) -> World:
    """Return a world in which much happens at the same moment, as hardly any work takes time."""
    work = dict.fromkeys(STAGES, 0.0) | {"stage1": draw.choice([0.0, 1.0])}
    return World(items=draw.items(2, 4), work=work)
