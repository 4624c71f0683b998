"""Exercise 3, fan-out and fan-in: what an answer must make true, for 10 points."""

from typing import Any

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.general import (
    at_most_waiting,
    ends_at_once_when_cancelled,
    every_item_comes_out_once,
    no_task_is_left,
    sink_is_closed_once_at_the_end,
    something_came_out,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.claims.workers import (
    at_most_at_work,
    no_worker_idles,
    results_come_out_when_done,
)
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, SOURCE

WORK = "work"
WAITING = 3
"""Items that may wait on either side, besides two for each worker; the statement says so."""

EXERCISE = Exercise(
    number=3,
    title="Fan-out and fan-in",
    function="fan_out_fan_in",
    demo=World(
        items=[11, 22, 33, 44, 55, 66, 77, 88],
        work={WORK: [4.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0]},
        workers={WORK: 3},
        arguments={"workers": 3},
    ),
    hints=(
        "A task works on one item at a time. How many tasks does it take for `workers` items to be "
        "worked on at once, and what does each of them do, again and again?",
        "Do not decide beforehand who gets which item. Let all workers take from one and the same "
        "place, each whenever it is free: several tasks may receive from one channel, and several "
        "may read the source.",
        "No single worker knows that it is the last one, so no worker can close the sink. An "
        "`asyncio.TaskGroup` waits at its end for all of its tasks: what is true on the line "
        "after it?",
    ),
    extension="let the results come out in the order of their items, and still let no worker wait "
    "longer than it must. How many finished results must you be able to keep, if item 0 takes as "
    "long as all the others together?",
)


@check(
    points=1,
    hint="Follow the last items. When the source has ended, there are still items in the hands of "
    "the workers: who waits for those?",
)
def test_every_item_comes_out_once(answer: Answer, draw: Draw) -> None:
    """Each item is worked on, and reaches the sink, exactly once."""
    workers, beat = draw.randint(2, 4), draw.beat()
    for items in (draw.items(), draw.items(1, 1)):
        uneven = [beat * draw.randint(1, 4) for _ in items]
        every_item_comes_out_once(answer.run(_world(items, uneven, workers)))
    holds_in_any_order(answer, draw, _hasty_world, every_item_comes_out_once, runs=10)


@check(
    points=3,
    hint="Draw your run: how many lanes are solid at the same time? If all items went to one "
    "worker, what decides which worker gets an item?",
)
def test_the_workers_work_at_the_same_time(answer: Answer, draw: Draw) -> None:
    """With `workers` workers, as many items are worked on at the same time."""
    for workers in (2, draw.randint(3, 5)):
        # The same remainder for all, so that an item's value is no good for choosing a worker.
        items = [10 + workers * n for n in draw.sample(range(20), 3 * workers + 1)]
        run = answer.run(_world(items, [draw.beat()] * len(items), workers))
        no_worker_idles(run, WORK, workers)


@check(
    points=1,
    needs=("test_the_workers_work_at_the_same_time",),
    hint="What do you start for each item, and what for each worker? However many items there are, "
    "something must make them wait for one of `workers` places.",
)
def test_never_more_than_the_workers(answer: Answer, draw: Draw) -> None:
    """Never are more items worked on at once than there are workers, be it only one."""
    for workers in (1, draw.randint(2, 4)):
        items = draw.items(3 * workers + 2, 3 * workers + 4)
        run = answer.run(_world(items, [draw.beat()] * len(items), workers))
        at_most_at_work(run, WORK, workers)


@check(
    points=2,
    needs=("test_the_workers_work_at_the_same_time",),
    hint="One item takes long. Which other items wait for it although they could go to a worker "
    "that is free? Whoever deals items out in turn cannot know who will be free.",
)
def test_the_first_free_worker_takes_the_next_item(answer: Answer, draw: Draw) -> None:
    """A long item keeps one worker busy, and no one else waiting."""
    for workers in (2, draw.randint(3, 4)):
        items, beat = draw.items(4 * workers, 4 * workers + 2), draw.beat()
        uneven = [beat * draw.randint(1, 3) for _ in items]
        uneven[draw.randrange(workers)] = 9 * beat
        no_worker_idles(answer.run(_world(items, uneven, workers)), WORK, workers)


@check(
    points=0.5,
    needs=("test_the_workers_work_at_the_same_time",),
    hint="Who is waiting for whom before a result may go to the sink? Here nobody asks for the "
    "results in order, nor for all of them at once.",
)
def test_results_come_out_when_they_are_done(answer: Answer, draw: Draw) -> None:
    """A result reaches the sink as soon as it is done, while the source and others are at work."""
    workers, beat, items = draw.randint(2, 4), draw.beat(), draw.items()
    uneven = [9 * beat, *[beat] * (len(items) - 1)]
    results_come_out_when_done(answer.run(_world(items, uneven, workers)), WORK)
    arrivals = [4 * beat * n for n in range(len(items))]
    run = answer.run(_world(items, [beat] * len(items), workers, arrivals=arrivals))
    no_worker_idles(run, WORK, workers)
    results_come_out_when_done(run, WORK)


@check(
    points=0.5,
    needs=("test_never_more_than_the_workers", "test_results_come_out_when_they_are_done"),
    hint="If the workers are slow, what do you do with the source? If the sink is slow, what do "
    "the workers do with their results? Somebody has to wait.",
)
def test_memory_is_bounded_at_both_ends(answer: Answer, draw: Draw) -> None:
    """Few items wait for slow workers, and few results for a slow sink."""
    workers, beat = draw.randint(2, 4), draw.beat()
    items = draw.items(4 * workers + 4, 4 * workers + 6)
    limit = 2 * workers + WAITING
    run = answer.run(_world(items, [4 * beat] * len(items), workers))
    at_most_waiting(run, WORK, limit, "or a long source fills the memory")
    run = answer.run(_world(items, [beat] * len(items), workers, sink_pace=6 * beat))
    at_most_waiting(run, SINK, limit, "or a slow sink fills the memory")


@check(
    points=0.5,
    hint="Which of the workers ends last? None of them can know. Who can?",
)
def test_the_sink_is_closed(answer: Answer, draw: Draw) -> None:
    """The sink is closed once, after the last worker has sent its last result."""
    beat, workers = draw.beat(), draw.randint(2, 4)
    for slow in (0, -1):
        items = draw.items()
        uneven = [beat] * len(items)
        uneven[slow] = len(items) * beat
        sink_is_closed_once_at_the_end(answer.run(_world(items, uneven, workers)))


@check(
    points=0.5,
    hint="What do the workers do if there are fewer items than workers, or none? Does your code "
    "ask whether an item is true, or use one as a key?",
)
def test_empty_sources_and_odd_items(answer: Answer, draw: Draw) -> None:
    """An empty source, and items that are zero, negative or equal, are no problem."""
    beat, workers = draw.beat(), draw.randint(2, 4)
    equal = draw.randint(10, 99)
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    before = answer.run(_world(draw.items(6, 6), [beat] * 6, workers))
    something_came_out(before)
    for zeros in (False, True):
        run = answer.run(_world(items, [beat] * 6, workers, zeros=zeros))
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)
    no_task_is_left(answer.run(_world([], [], workers)))


@check(
    points=0.5,
    hint="One worker fails. What do the other workers do then, and who tells the caller? An "
    "asyncio.TaskGroup does both.",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a worker or the source fails, the caller gets the error, and no task is left."""
    workers, beat, items = draw.randint(2, 4), draw.beat(), draw.items(10, 12)
    for failed in (WORK, SOURCE):
        failing = (failed, draw.randint(1, 3))
        run = answer.run(_world(items, [beat] * len(items), workers, failing=failing))
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`. Whoever catches it must "
    "raise it again, and must not leave workers behind.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If it is cancelled, it ends at once, and no worker is left."""
    workers, beat, items = draw.randint(2, 4), draw.beat(), draw.items(10, 12)
    uneven = [beat, *[9 * beat] * (len(items) - 1)]
    run = answer.run(_world(items, uneven, workers, cancel_at=1.5 * beat))
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)


def _hasty_world(draw: Draw) -> World:
    """Return a world in which much happens at the same moment, as work may take no time."""
    items = draw.items(1, 5)
    return _world(items, [draw.choice([0.0, 0.0, 1.0]) for _ in items], draw.randint(2, 3))


def _world(items: list[int], work: list[float], workers: int, **more: Any) -> World:
    arguments, lanes = {"workers": workers}, {WORK: workers}
    return World(items=items, work={WORK: work}, workers=lanes, arguments=arguments, **more)
