"""Exercise 6, the pipeline with rate limiting: what an answer must make true, for 10 points."""

from typing import Any

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
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.claims.rate import never_enters_faster, never_enters_later, refuses
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, SOURCE

STAGES = ("stage1", "stage2", "stage3")
WAITING = 3
"""Items that may stand between two neighbours; the statement says so."""
ONCE, KEPT = "test_every_item_comes_out_once", "test_the_rate_is_kept"
REACHED, OVERLAP = "test_the_rate_is_reached", "test_the_stages_overlap"

EXERCISE = Exercise(
    number=6,
    title="The pipeline with rate limiting",
    function="pipeline_with_rate_limiting",
    demo=World(
        items=[11, 22, 33, 44, 55, 66, 77, 88],
        arrivals=[0.0, 0.0, 0.0, 0.0, 0.0, 8.0, 8.0, 8.0],
        work={"stage1": 0.25, "stage2": 0.5, "stage3": 0.25},
        arguments={"rate": 1.0, "burst": 2},
    ),
    hints=(
        "Where is the one place that every item passes before it is worked on? How many limits do "
        "you need there, if none of the later stages can get more than the first one lets in?",
        "Nothing has to fill the bucket while nobody looks. When an item comes, the time that has "
        "passed since you last looked (`asyncio.get_running_loop().time()`) tells how many tokens "
        "have flowed in, and that the bucket is full at `burst`.",
        "If there is less than one token, what is missing flows in after `missing / rate` seconds: "
        "sleep just so long, then take it. Count what flows in by the clock, not by how long you "
        "meant to sleep: the work takes time too.",
    ),
    extension="let the rate adapt to the load: when stage 1 fails (wrap it so that it does when "
    "called too often), halve the rate and try the item again; with each success raise it by a "
    "tenth of a token per second. Where does it settle?",
)


@check(
    points=0.5,
    hint="Begin with your answer to exercise 1. If nothing comes out: who waits for your tasks, "
    "and does whatever lets items in still run while they do?",
)
def test_every_item_comes_out_once(answer: Answer, draw: Draw) -> None:
    """Each item passes the three stages and comes out once, in order, and no task is left."""
    run = answer.run(_world(draw.items(), draw.beat()))
    every_item_comes_out_once(run)
    each_item_passes_all_stages_in_order(run)
    order_is_kept(run)
    no_task_is_left(run)


@check(
    points=1.5,
    needs=(ONCE,),
    hint="Compare with your answer to exercise 1: under a rate that is never reached, nothing "
    "differs.",
)
def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
    """Below the rate, all three stages work at the same time, each on another item."""
    beat, items = draw.beat(), draw.items()
    arrivals = [8 * beat] * len(items)
    times = [(8 + n + len(STAGES)) * beat for n in range(len(items))]
    run = answer.run(_world(items, beat, arrivals=arrivals))
    results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=2,
    needs=(ONCE,),
    hint="Where do you count, and what? The limit is on items that enter stage 1, however quickly "
    "they could be worked on.",
)
def test_the_rate_is_kept(answer: Answer, draw: Draw) -> None:
    """In any t seconds at most `burst + rate × t` items enter stage 1."""
    rate = 1 / draw.beat()
    for burst in (1, draw.randint(2, 3)):
        items = draw.items(12, 15)
        never_enters_faster(answer.run(_world(items, 0.0, rate, burst)), "stage1", rate, burst)


@check(
    points=2,
    needs=(KEPT,),
    hint="How many tokens does one item take on its way through your pipeline? And if you sleep "
    "between two items, does the time for which stage 1 works come on top of it?",
)
def test_the_rate_is_reached(answer: Answer, draw: Draw) -> None:
    """While items are there, each enters stage 1 as soon as the rate allows it."""
    beat, items = draw.beat(), draw.items(12, 15)
    work = dict.fromkeys(STAGES, 0.0) | {"stage1": 0.5 * beat}
    run = answer.run(_world(items, beat, 1 / beat, 1, work=work))
    never_enters_later(run, "stage1", 1 / beat, 1)


@check(
    points=1,
    needs=(KEPT, REACHED),
    hint="How full is the bucket at the start, and after a long pause? What flows in is lost when "
    "the bucket is full, and half a second makes half of what a second makes.",
)
def test_a_burst_is_let_through(answer: Answer, draw: Draw) -> None:
    """At the start and after a pause, `burst` items enter at once, and not one more."""
    beat, burst = draw.beat(), draw.randint(2, 4)
    rate, crowd = 1 / beat, burst + 3
    for pause in (20 * beat, 20.5 * beat):
        arrivals = [0.0] * crowd + [pause] * crowd
        run = answer.run(
            _world(draw.items(2 * crowd, 2 * crowd), 0.0, rate, burst, arrivals=arrivals)
        )
        never_enters_faster(run, "stage1", rate, burst)
        never_enters_later(run, "stage1", rate, burst)


@check(
    points=0.5,
    needs=(ONCE, OVERLAP),
    hint="While an item waits for its turn, what do you do with the source? And where do items "
    "pile up if a stage is slow?",
)
def test_a_limit_holds_back_what_comes_before_it(answer: Answer, draw: Draw) -> None:
    """However low the rate or slow a stage, only a few items wait in front of it."""
    beat, items = draw.beat(), draw.items(10, 14)
    run = answer.run(_world(items, 0.0, 1 / beat, 1))
    at_most_waiting(run, "stage1", WAITING, "or a long source fills the memory")
    for slow in STAGES:
        world = _world(items, beat, work=dict.fromkeys(STAGES, beat) | {slow: 6 * beat})
        at_most_waiting(answer.run(world), slow, WAITING, "or memory runs out")
    run = answer.run(_world(items, beat, sink_pace=6 * beat))
    at_most_waiting(run, SINK, WAITING, "or memory runs out")


@check(
    points=0.5,
    needs=(ONCE,),
    hint="How long does an item wait at a rate of 0? Better to say so at once than to wait.",
)
def test_a_limit_that_lets_nothing_in_is_refused(answer: Answer, draw: Draw) -> None:
    """A rate of 0 or below, or a burst below 1, raises ValueError before anything is done."""
    for rate, burst in ((0.0, 1), (-draw.beat(), 2)):
        refuses(answer.try_run(_world(draw.items(), draw.beat(), rate, burst)), "rate")
    refuses(answer.try_run(_world(draw.items(), draw.beat(), draw.beat(), 0)), "burst")


@check(
    points=0.5,
    needs=(ONCE,),
    hint="When the last item has been let in, it has not come out yet. Who closes the sink? And "
    "can a stage be waiting for an item already when it is told that none comes?",
)
def test_the_sink_is_closed(answer: Answer, draw: Draw) -> None:
    """The sink is closed once, after the last result, whoever is quicker."""
    beat = draw.beat()
    for pace in (0.0, 3.0):
        run = answer.run(_world(draw.items(), beat, 1 / beat, 2, sink_pace=pace))
        sink_is_closed_once_at_the_end(run)
    holds_in_any_order(answer, draw, _hasty_world, sink_is_closed_once_at_the_end, runs=10)


@check(
    points=0.5,
    needs=(ONCE,),
    hint="What if the source yields nothing at all, or a 0? Does your code anywhere ask whether an "
    "item is true, and does what lets items in end when there are none?",
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
    hint="When a stage fails, an item may be waiting for its turn to enter. Who tells it to stop?",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a stage or the source fails, the caller gets the error, and no task is left."""
    beat = draw.beat()
    for failed in (*STAGES, SOURCE):
        failing = (failed, draw.randint(1, 4))
        run = answer.run(_world(draw.items(), beat, 1 / beat, 2, failing=failing))
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    needs=(ONCE,),
    hint="A cancellation arrives as asyncio.CancelledError at an `await`, also at one that waits "
    "for a token. Whoever catches it must raise it again.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled while an item waits for its turn, it ends at once."""
    beat = draw.beat()
    run = answer.run(_world(draw.items(40, 40), beat, 0.5 / beat, 2, cancel_at=20.25 * beat))
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)


def _hasty_world(draw: Draw) -> World:
    """Return a world in which much happens at the same moment, as hardly any work takes time."""
    work = dict.fromkeys(STAGES, 0.0) | {"stage1": draw.choice([0.0, 1.0])}
    return _world(draw.items(2, 4), 1.0, work=work)


def _world(
    items: list[int], beat: float, rate: float | None = None, burst: int = 100, **more: Any
) -> World:
    """Return a world with stages of one beat; without a rate the limit is out of reach."""
    arguments = {"rate": 2 / (beat or 1) if rate is None else rate, "burst": burst}
    return World(items=items, arguments=arguments, **{"work": dict.fromkeys(STAGES, beat)} | more)
