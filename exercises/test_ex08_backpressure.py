"""Exercise 8, the pipeline with backpressure: what an answer must make true, for 10 points."""

from functools import partial

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.backpressure import (
    at_most_on_the_way,
    nothing_is_taken_too_early,
    nothing_is_taken_too_late,
    pressure_is_told,
)
from pipeline_kit.grading.claims.general import (
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
from pipeline_kit.grading.worlds.world import Work, World
from pipeline_kit.trace import SOURCE

STAGES = ("stage1", "stage2", "stage3")
SLOW_PLACES = ("stage2", "stage3", "sink")

EXERCISE = Exercise(
    number=8,
    title="The pipeline with backpressure",
    function="backpressure",
    demo=World(
        items=[*range(10, 22)],
        work={"stage1": 0.5, "stage2": 0.5, "stage3": 2.0},
        arguments={"high": 6, "low": 2},
        signals=["pressure"],
    ),
    hints=(
        "An item enters at one place in your code and leaves at one other. Count at these two, and "
        "you know at any time how many are on the way. What must the first do with the count?",
        "Give the task that reads the source a gate: it passes when the gate is open. One place "
        "closes it, another opens it, and `pressure` is told by the same two lines. Which of the "
        "asyncio primitives can be open or closed, and waited for?",
        "An `asyncio.Event` is such a gate: wait for it before the next item is asked for, `clear` "
        "it at `high`, `set` it at `low`, and leave it alone in between. And all that is on the "
        "way must find room in your channels, or the reader waits at another place.",
    ),
    extension="instead of stopping the source, be less thorough under pressure: let stage 3 pass "
    "on every second item without work, and report how many. When would you prefer that?",
)

LOSSLESS = "test_nothing_is_lost_under_pressure"
BOUNDED = "test_never_more_than_high_on_the_way"
EARLY = "test_it_rests_until_low"
LATE = "test_it_takes_what_it_may"


@check(
    points=0.5,
    hint="Follow one item from the source to the sink: which tasks does it meet, in which order?",
)
def test_it_is_a_pipeline(answer: Answer, draw: Draw) -> None:
    """Each item comes out once, in order, after all three stages."""
    beat = draw.beat()
    for items in (draw.items(), draw.items(1, 1)):
        arrivals = [n * 4 * beat for n in range(len(items))]
        work = {stage: [beat * draw.randint(1, 3) for _ in items] for stage in STAGES}
        run = answer.run(_world(items, work, high=5, low=1, arrivals=arrivals))
        every_item_comes_out_once(run)
        each_item_passes_all_stages_in_order(run)
        order_is_kept(run)


@check(
    points=2,
    hint="Who works on item 1 while stage 2 is busy with item 0? Count your tasks.",
)
def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
    """All three stages work at the same time, while there is no pressure."""
    beat, items = draw.beat(), draw.items()
    run = answer.run(_world(items, dict.fromkeys(STAGES, beat), high=50, low=1))
    times = [(n + len(STAGES)) * beat for n in range(len(items))]
    results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=1,
    needs=("test_it_is_a_pipeline",),
    hint="What does your code do with an item for which there is no room? It was taken from the "
    "source, and nobody will bring it again: it can only wait, and so must whoever holds it.",
)
def test_nothing_is_lost_under_pressure(answer: Answer, draw: Draw) -> None:
    """However slow a stage or the sink is, each item comes out, and is worked on only once."""
    for place in SLOW_PLACES:
        run = answer.run(_slow_world(draw, place))
        every_item_comes_out_once(run)
        each_item_passes_all_stages_in_order(run)
        order_is_kept(run)


@check(
    points=2,
    needs=(LOSSLESS,),
    hint="Count all that have left the source and not yet been taken by the sink: those in your "
    "channels, those in the hands of the stages, and the one that the sink has not taken yet.",
)
def test_never_more_than_high_on_the_way(answer: Answer, draw: Draw) -> None:
    """However slow a stage or the sink is, at most `high` items are on the way."""
    for place in SLOW_PLACES:
        world = _slow_world(draw, place)
        at_most_on_the_way(answer.run(world), world.arguments["high"])


@check(
    points=1,
    needs=(BOUNDED,),
    hint="After `high` was reached, one item less on the way is no reason to take the next. What "
    "does your reader wait for, who tells it, and may it be told too late?",
)
def test_it_rests_until_low(answer: Answer, draw: Draw) -> None:
    """Once `high` are on the way, no item is taken from the source until only `low` are."""
    for place in SLOW_PLACES:
        world = _slow_world(draw, place)
        high, low = world.arguments["high"], world.arguments["low"]
        nothing_is_taken_too_early(answer.run(world), high, low)
    rests = partial(nothing_is_taken_too_early, high=2, low=0)
    holds_in_any_order(answer, draw, _hasty_world, rests, runs=10)


@check(
    points=0.5,
    needs=(BOUNDED,),
    hint="Where does your reader wait while fewer than `high` are on the way? Is there room for "
    "all of them behind it, and does it hear at once that `low` has been reached?",
)
def test_it_takes_what_it_may(answer: Answer, draw: Draw) -> None:
    """Items are taken at once, until `high` are on the way, and again as soon as only `low` are."""
    for place in SLOW_PLACES:
        world = _slow_world(draw, place)
        high, low = world.arguments["high"], world.arguments["low"]
        nothing_is_taken_too_late(answer.run(world), high, low)


@check(
    points=1,
    needs=(BOUNDED, EARLY, LATE),
    hint="The pressure changes at two moments only. Say so once at each of them, and not again "
    "while it stays as it is; also when the source has ended.",
)
def test_pressure_is_told(answer: Answer, draw: Draw) -> None:
    """`pressure(True)` is called whenever `high` is reached, `pressure(False)` when `low` is."""
    for place in SLOW_PLACES:
        world = _slow_world(draw, place)
        pressure_is_told(answer.run(world), world.arguments["high"], world.arguments["low"])
    calm = _world(draw.items(3, 3), dict.fromkeys(STAGES, draw.beat()), high=9, low=1)
    pressure_is_told(answer.run(calm), 9, 1)


@check(
    points=0.5,
    hint="At the end there may still be items on the way. Who knows that the last has been sent?",
)
def test_the_sink_is_closed(answer: Answer, draw: Draw) -> None:
    """The sink is closed once, after the last result."""
    for pace in (0.0, 3.0):
        work = dict.fromkeys(STAGES, draw.beat())
        sink_is_closed_once_at_the_end(answer.run(_world(draw.items(), work, sink_pace=pace)))


@check(
    points=0.5,
    hint="What if the source yields nothing at all, or a 0? Does your code anywhere ask whether an "
    "item is true, or count on a first one?",
)
def test_empty_sources_and_odd_items(answer: Answer, draw: Draw) -> None:
    """An empty source, and items that are zero, negative or equal, are no problem."""
    beat, equal = draw.beat(), draw.randint(10, 99)
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    arrivals, work = [n * 4 * beat for n in range(len(items))], dict.fromkeys(STAGES, beat)
    before = answer.run(_world(draw.items(6, 6), work, arrivals=arrivals))
    something_came_out(before)
    for zeros in (False, True):
        run = answer.run(_world(items, work, arrivals=arrivals, zeros=zeros))
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)
    no_task_is_left(answer.run(_world([], work)))


@check(
    points=0.5,
    hint="When a stage fails, the reader may be resting, for an item that will never come out. Who "
    "tells it to stop?",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a stage or the source fails, even under pressure, the caller gets the error."""
    beat = draw.beat()
    work = {"stage1": beat, "stage2": 2 * beat, "stage3": 4 * beat}
    for failed in (*STAGES, SOURCE):
        failing = (failed, draw.randint(1, 3) if failed == SOURCE else 0)
        run = answer.run(_world(draw.items(), work, high=4, low=1, failing=failing))
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`, also at that of a reader "
    "who rests. Whoever catches it must raise it again.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled under pressure, it ends at once."""
    beat = draw.beat()
    work = {"stage1": beat, "stage2": 2 * beat, "stage3": 4 * beat}
    moment = (draw.randint(9, 12) + 0.5) * beat
    run = answer.run(_world(draw.items(14, 16), work, high=4, low=1, cancel_at=moment))
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)


def _hasty_world(draw: Draw) -> World:
    """Return a world in which much happens at the same moment, as hardly any work takes time."""
    work = dict.fromkeys(STAGES, 0.0) | {draw.choice(STAGES): 1.0}
    return _world(draw.items(4, 6), work, high=2, low=0)


def _world(
    items: list[int],
    work: Work,
    *,
    high: int = 5,
    low: int = 2,
    arrivals: list[float] | None = None,
    sink_pace: float = 0.0,
    failing: tuple[str, int] | None = None,
    cancel_at: float | None = None,
    zeros: bool = False,
) -> World:
    return World(
        items=items,
        work=work,
        arrivals=arrivals or (),
        sink_pace=sink_pace,
        failing=failing,
        cancel_at=cancel_at,
        zeros=zeros,
        arguments={"high": high, "low": low},
        signals=["pressure"],
    )


def _slow_world(draw: Draw, place: str) -> World:
    """Return a world in which one place is far too slow for what the source has to give."""
    beat, low = draw.beat(), draw.randint(0, 2)
    high = low + draw.randint(2, 4)
    work = dict.fromkeys(STAGES, beat) | ({} if place == "sink" else {place: 8 * beat})
    pace = 8 * beat if place == "sink" else 0.0
    return _world(draw.items(12, 15), work, high=high, low=low, sink_pace=pace)
