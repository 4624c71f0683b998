"""Exercise 2, the buffered pipeline: what an answer must make true, for 10 points."""

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
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
from pipeline_kit.grading.claims.timetable import timetable
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.world import Work, World
from pipeline_kit.trace import SINK, SOURCE

STAGES = ("stage1", "stage2", "stage3")

EXERCISE = Exercise(
    number=2,
    title="The buffered pipeline",
    function="buffered_pipeline",
    demo=World(
        items=[11, 22, 33, 44, 55, 66],
        work={"stage1": [0.5, 0.5, 0.5, 3.0, 0.5, 0.5], "stage2": 1.5, "stage3": 0.5},
        arguments={"buffer_size": 2},
    ),
    hints=(
        "Only what connects the stages differs from exercise 1. Which part of your answer decides "
        "how many finished results can wait between two stages?",
        "Between two stages there are `buffer_size` places, and the hand of the stage in front of "
        "them. While its hand is full, a stage must not take another item. Look for a third place: "
        "results in a list, items read ahead, a task for each item.",
        "`Channel(buffer_size)` is right for every size. For `asyncio.Queue(buffer_size)` look up "
        "what a `maxsize` of 0 means; whoever puts must then wait until the item has been taken. "
        "Try your answer with `show(buffer_size=0)`: never should stage 1 be two items ahead.",
    ),
    extension="look at `show(buffer_size=0)`, then at 1, 2, 3 and 4. From which size on does the "
    "run become no shorter, and what would have to be different for a larger buffer to pay?",
)


@check(
    points=1,
    hint="Compare with your answer to exercise 1: only what connects the stages should differ.",
)
def test_it_is_a_pipeline(answer: Answer, draw: Draw) -> None:
    """Each item comes out once, in order, after all three stages."""
    beat, items = draw.beat(), draw.items()
    work = {stage: [beat * draw.randint(1, 3) for _ in items] for stage in STAGES}
    run = answer.run(World(items=items, work=work, arguments={"buffer_size": draw.randint(1, 3)}))
    every_item_comes_out_once(run)
    each_item_passes_all_stages_in_order(run)
    order_is_kept(run)


@check(
    points=1,
    hint="A buffer is there for passing on at once what is ready. Does any stage wait for more "
    "than the next item?",
)
def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
    """All three stages work at the same time, whether the buffers are small or large."""
    beat, items = draw.beat(), draw.items()
    times = [(n + len(STAGES)) * beat for n in range(len(items))]
    for size in (1, 100):
        run = answer.run(_world(items, dict.fromkeys(STAGES, beat), size))
        results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=3,
    needs=("test_it_is_a_pipeline", "test_the_stages_overlap"),
    hint="While stage 2 is busy, stage 1 should be able to finish `buffer_size` more items, and "
    "one that it then has to hold. The same goes for stage 2 and stage 3.",
)
def test_the_buffer_absorbs_a_burst(answer: Answer, draw: Draw) -> None:
    """Between any two stages, `buffer_size` items find room while the second is busy."""
    beat, size = draw.beat(), draw.randint(2, 4)
    items, long = draw.items(size + 4, size + 4), (size + 2) * beat
    # A burst that just fits, then an item so long that the buffer is empty when it is done: if the
    # fast stage cannot begin with it in time, all that follows is late.
    burst = [*[beat] * (size + 1), (size + 1) * long, beat, beat]
    for fast, slow in (("stage1", "stage2"), ("stage2", "stage3")):
        work = {stage: [0.0] * len(items) for stage in STAGES}
        work |= {fast: burst, slow: [long] * len(items)}
        run = answer.run(_world(items, work, size))
        times = timetable([0.0] * len(items), list(work.values()), size)
        results_come_out_at(run, times, f"if {size} items find room between {fast} and {slow}")


@check(
    points=2,
    needs=("test_it_is_a_pipeline", "test_the_stages_overlap"),
    hint="Count the places where an item can be between two stages: in the buffer, and in the hand "
    "of the stage that waits for room. Is there a third?",
)
def test_never_more_than_the_buffer_holds(answer: Answer, draw: Draw) -> None:
    """Between two stages wait at most `buffer_size` items, and the one in the hand of the first."""
    beat = draw.beat()
    for slow in ("stage2", "stage3"):
        size = draw.randint(1, 3)
        work = dict.fromkeys(STAGES, beat) | {slow: 8 * beat}
        run = answer.run(_world(draw.items(12, 15), work, size))
        at_most_waiting(run, slow, size + 1, f"{size} in the buffer and 1 in the hand")


@check(
    points=0.5,
    hint="The buffers bound what is between the stages. What bounds what you have read from the "
    "source, or not yet handed to the sink?",
)
def test_memory_is_bounded_at_both_ends(answer: Answer, draw: Draw) -> None:
    """Neither is the source read far ahead, nor do results pile up in front of a slow sink."""
    beat, size = draw.beat(), draw.randint(1, 3)
    items, steady = draw.items(12, 15), dict.fromkeys(STAGES, beat)
    run = answer.run(_world(items, steady | {"stage1": 3 * beat}, size))
    at_most_waiting(run, "stage1", size + 1, "or a long source fills the memory")
    run = answer.run(World(items=items, work=steady, sink_pace=8 * beat, arguments=_size(size)))
    at_most_waiting(run, SINK, size + 1, "or a slow sink fills the memory")


@check(
    points=0.5,
    needs=("test_never_more_than_the_buffer_holds",),
    hint="A buffer of size 0 holds nothing: whoever sends waits for one who receives. Look up what "
    "a size of 0 means to the queue that you use.",
)
def test_a_buffer_of_size_0_holds_nothing(answer: Answer, draw: Draw) -> None:
    """With `buffer_size=0` items are handed over directly: one in the hand, none in between."""
    beat = draw.beat()
    for slow in ("stage2", "stage3"):
        work = dict.fromkeys(STAGES, beat) | {slow: 4 * beat}
        run = answer.run(_world(draw.items(), work, 0))
        at_most_waiting(run, slow, 1, "the one in the hand of the stage before it")


@check(
    points=0.5,
    hint="At the end there may still be items in the buffers. Who knows that the last of them has "
    "been sent? And can a stage be waiting for an item already when it is told that none comes?",
)
def test_the_sink_is_closed(answer: Answer, draw: Draw) -> None:
    """The sink is closed once, after the last result, whoever is quicker."""
    work = dict.fromkeys(STAGES, draw.beat())
    for pace in (0.0, 3.0):
        size = draw.randint(1, 4)
        world = World(items=draw.items(), work=work, sink_pace=pace, arguments=_size(size))
        sink_is_closed_once_at_the_end(answer.run(world))
    holds_in_any_order(answer, draw, _hasty_world, sink_is_closed_once_at_the_end, runs=10)


@check(
    points=0.5,
    hint="What if the source yields nothing at all, or a 0? Does your code anywhere ask whether an "
    "item is true, or count on a first one?",
)
def test_empty_sources_and_odd_items(answer: Answer, draw: Draw) -> None:
    """An empty source, and items that are zero, negative or equal, are no problem."""
    work, size = dict.fromkeys(STAGES, draw.beat()), draw.randint(1, 3)
    equal = draw.randint(10, 99)
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    before = answer.run(_world(draw.items(6, 6), work, size))
    something_came_out(before)
    for zeros in (False, True):
        world = World(items=items, work=work, zeros=zeros, arguments=_size(size))
        run = answer.run(world)
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)
    no_task_is_left(answer.run(_world([], work, size)))


@check(
    points=0.5,
    hint="When a stage fails, the one before it may be waiting for room in a full buffer, for "
    "ever. Who tells it to stop?",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a stage or the source fails, even behind full buffers, the caller gets the error."""
    beat, size = draw.beat(), draw.randint(1, 2)
    work = {"stage1": beat, "stage2": 2 * beat, "stage3": 4 * beat}
    for failed in (*STAGES, SOURCE):
        failing = (failed, draw.randint(2, 5))
        world = World(items=draw.items(12, 15), work=work, failing=failing, arguments=_size(size))
        run = answer.run(world)
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`, also at one that waits "
    "for room. Whoever catches it must raise it again.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled while its buffers are full, it ends at once."""
    beat, size = draw.beat(), draw.randint(1, 2)
    work = {"stage1": beat, "stage2": 2 * beat, "stage3": 4 * beat}
    moment = (draw.randint(15, 20) + 0.5) * beat
    run = answer.run(World(items=draw.items(), work=work, cancel_at=moment, arguments=_size(size)))
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)


def _size(buffer_size: int) -> dict[str, int]:
    return {"buffer_size": buffer_size}


def _hasty_world(draw: Draw) -> World:
    """Return a world in which much happens at the same moment, as hardly any work takes time."""
    work = dict.fromkeys(STAGES, 0.0) | {"stage1": draw.choice([0.0, 1.0])}
    return _world(draw.items(2, 4), work, draw.randint(1, 2))


def _world(items: list[int], work: Work, buffer_size: int) -> World:
    return World(items=items, work=work, arguments=_size(buffer_size))
