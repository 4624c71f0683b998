"""Exercise 9, the pipeline with a circuit breaker: what an answer must make true, for 10 points."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import inf

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.breaker import (
    comes_out_at_once,
    is_left_alone,
    is_tried_with,
    none_is_tried_twice,
    nothing_begins_at,
    only_one_is_tried,
)
from pipeline_kit.grading.claims.general import (
    at_most_waiting,
    ends_at_once_when_cancelled,
    every_item_comes_out_once,
    no_task_is_left,
    results_come_out_at,
    sink_is_closed_once_at_the_end,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.workers import at_most_at_work
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.worlds.outage import OutageWorld
from pipeline_kit.grading.worlds.world import Work
from pipeline_kit.trace import SOURCE

LONG = 1e6
"""A rest, in seconds, of which no run sees the end."""


def _world(
    items: Sequence[int],
    work: float | Sequence[float],
    *,
    workers: int = 1,
    threshold: int = 3,
    rest: float = LONG,
    arrivals: Sequence[float] = (),
    outages: Sequence[tuple[float, float]] = (),
    failing: tuple[str, int] | None = None,
    cancel_at: float | None = None,
    zeros: bool = False,
) -> OutageWorld:
    return OutageWorld(
        items=items,
        work={"service": work, "fallback": 0.0},
        workers={"service": workers},
        arrivals=arrivals,
        outages=outages,
        failing=failing,
        cancel_at=cancel_at,
        zeros=zeros,
        arguments={"workers": workers, "threshold": threshold, "rest": rest},
    )


EXERCISE = Exercise(
    number=9,
    title="The pipeline with a circuit breaker",
    function="circuit_breaker",
    demo=_world(
        [*range(10, 24)],
        1.0,
        arrivals=[float(n) for n in range(14)],
        workers=2,
        threshold=2,
        rest=3.0,
        outages=[(3.0, 9.0)],
    ),
    hints=(
        "Write one function that gives an item its result: from the service, or, if that fails or "
        "must not be called, from the fallback. A few workers call it. What must it remember from "
        "one item to the next?",
        "Remember how many calls have failed in a row, and until when the service is to be left "
        "alone; `asyncio.get_running_loop().time()` is the clock. When that time is over, one item "
        "may try. How do the others learn that somebody is trying?",
        "Whoever may try can move the end of the rest to infinity, before the `await`; when the "
        "trial is over, its outcome sets it anew. For the calls that began before the breaker "
        "opened, count how often it has opened: if that is another number after the call, its "
        "outcome is old news.",
    ),
    extension="let the breaker open at a share of failures among the last ten calls instead of at "
    "failures in a row, and count slow calls as failures. Which of the two would you rather have "
    "in front of a service that fails every third time?",
)

OUT = "test_every_item_comes_out_once"
OPENS = "test_it_opens"
TOGETHER = "test_the_workers_call_at_the_same_time"
ONCE = "test_a_failed_item_gets_the_fallback"
TRIES = "test_it_tries_after_the_rest"


@check(
    points=1,
    hint="An item whose call failed, or for which the service was not called, is still an item. "
    "Where does it get its result?",
)
def test_every_item_comes_out_once(answer: Answer, draw: Draw) -> None:
    """Each item comes out once, with a result of the service or of the fallback."""
    beat = draw.beat()
    for items, workers in ((draw.items(), 1), (draw.items(), 3), (draw.items(1, 1), 2)):
        outages = [(beat, 3 * beat)]
        every_item_comes_out_once(answer.run(_world(items, beat, workers=workers, outages=outages)))


@check(
    points=1,
    hint="How many tasks of yours call the service, and can they all be waiting for it at once?",
)
def test_the_workers_call_at_the_same_time(answer: Answer, draw: Draw) -> None:
    """As many calls as there are workers go on at once, and never more."""
    beat, items, workers = draw.beat(), draw.items(9, 12), draw.randint(2, 4)
    run = answer.run(_world(items, beat, workers=workers))
    at_most_at_work(run, "service", workers)
    at_most_waiting(run, "service", workers, "or memory runs out when the source is long")
    times = [(n // workers + 1) * beat for n in range(len(items))]
    results_come_out_at(run, times, f"if {workers} workers call at once, {beat:g} s each")


@check(
    points=0.5,
    needs=(OUT,),
    hint="One failure is no outage. What does the item get that it met, and what the next one?",
)
def test_a_failed_item_gets_the_fallback(answer: Answer, draw: Draw) -> None:
    """An item whose call fails gets the fallback when it does; the next one is tried again."""
    beat, items = draw.beat(), draw.items()
    arrivals = _arrivals(items, beat)
    outages = [_outage(arrivals, first, 1) for first in (1, 3)]
    run = answer.run(_world(items, beat, arrivals=arrivals, outages=outages, threshold=6))
    none_is_tried_twice(run)
    is_tried_with(run, range(len(items)), "two failures, not in a row, are no reason to open")
    times = [arrivals[item] + beat for item in run.came_out]
    results_come_out_at(run, times, "if it gets the fallback as soon as its call has failed")


@check(
    points=1.5,
    needs=(OUT,),
    hint="What is the difference between the failure before the last one that is allowed, and that "
    "one? What do you do with the next item, and how long?",
)
def test_it_opens(answer: Answer, draw: Draw) -> None:
    """After `threshold` failures in a row the service is left alone."""
    beat, items, threshold = draw.beat(), draw.items(9, 12), draw.randint(2, 4)
    arrivals = _arrivals(items, beat)
    for good in (1, 0):  # items before the outage
        outages = [(arrivals[good], inf)]
        world = _world(items, beat, arrivals=arrivals, threshold=threshold, outages=outages)
        run = answer.run(world)
        fewer = f"it had failed fewer than threshold = {threshold} times in a row"
        is_tried_with(run, range(good + threshold), fewer)
        opened = arrivals[good + threshold - 1] + beat
        is_left_alone(run, opened, LONG, f"it had failed {threshold} times in a row")


@check(
    points=0.5,
    needs=(OPENS,),
    hint="The fallback costs no time. What do your workers wait for while the breaker is open?",
)
def test_the_fallback_comes_at_once(answer: Answer, draw: Draw) -> None:
    """While the service is left alone, items get the fallback at the moment they come in."""
    beat, items = draw.beat(), draw.items(9, 12)
    arrivals = _arrivals(items, beat)
    run = answer.run(_world(items, beat, arrivals=arrivals, threshold=2, outages=[(beat, inf)]))
    opened = arrivals[2] + beat
    later = range(3, len(items))
    comes_out_at_once(run, later, f"the service was left alone since {opened:g} s")


@check(
    points=1,
    needs=(OPENS,),
    hint="When the breaker opens, write down until when. Who looks at the clock, and when?",
)
def test_it_tries_after_the_rest(answer: Answer, draw: Draw) -> None:
    """The first item after `rest` seconds is tried with the service, and none before it."""
    run, arrivals, beat = _run_into_outage(answer, draw)
    opened = arrivals[2] + beat
    rested = opened + 6 * beat
    is_left_alone(run, opened, rested, f"it had failed twice in a row; rest = {6 * beat:g} s")
    is_tried_with(run, [4], f"it had been left alone since {opened:g} s, for longer than the rest")


@check(
    points=1,
    needs=(TRIES, TOGETHER),
    hint="All who come after the rest find that it is over. Which of them may try, and how do the "
    "others see that somebody does?",
)
def test_only_one_tries(answer: Answer, draw: Draw) -> None:
    """After the rest a single item is tried; the others get the fallback until it is known."""
    beat, items = draw.beat(), draw.items(9, 9)
    opened = 3 * beat
    after = opened + 8 * beat
    arrivals = [0.0, 2 * beat, 2 * beat, *[after] * 3, after + 0.5 * beat, after + 0.75 * beat]
    arrivals += [after + 20 * beat]
    world = _world(
        items,
        [beat] * 3 + [2 * beat] * 6,
        arrivals=arrivals,
        workers=4,
        threshold=2,
        rest=6 * beat,
        outages=[(beat, 5 * beat)],
    )
    run = answer.run(world)
    is_tried_with(run, [3], f"it had been left alone since {opened:g} s, for longer than the rest")
    only_one_is_tried(run, after)
    arrivals[7] = after + 8 * beat  # when a rest would be over, and a trial of nine beats is not
    work: Work = {"service": [beat] * 3 + [9 * beat] * 6, "fallback": 0.0}
    only_one_is_tried(answer.run(replace(world, arrivals=arrivals, work=work)), after)


@check(
    points=0.5,
    needs=(TRIES,),
    hint="When a trial succeeds, all is as it was in the beginning. Is it, in your code?",
)
def test_a_good_trial_closes_it(answer: Answer, draw: Draw) -> None:
    """After a trial that succeeds, all items are tried again, also if one more fails."""
    run, arrivals, beat = _run_into_outage(answer, draw, up_again=4)
    good = f"the trial with item 4 had succeeded at {arrivals[4] + beat:g} s"
    is_tried_with(run, [5, 6], good)
    is_tried_with(run, [7, 8], f"{good}, and one failure since then is fewer than threshold = 2")


@check(
    points=0.5,
    needs=(TRIES,),
    hint="When a trial fails, how many more failures does it take, and from when does the rest "
    "count?",
)
def test_a_bad_trial_opens_it_again(answer: Answer, draw: Draw) -> None:
    """After a trial that fails, the service is left alone for another `rest` seconds."""
    run, arrivals, beat = _run_into_outage(answer, draw)
    failed = arrivals[4] + beat
    rested = failed + 6 * beat
    is_left_alone(run, failed, rested, f"the trial had failed; rest = {6 * beat:g} s")
    is_tried_with(run, [6], f"it had been left alone since {failed:g} s, for longer than the rest")


@check(
    points=0.5,
    needs=(OPENS,),
    hint="`threshold` failures in a row, not in all. What does a success do to your count?",
)
def test_only_failures_in_a_row_count(answer: Answer, draw: Draw) -> None:
    """A success in between makes the count of failures start anew."""
    beat, items, threshold = draw.beat(), draw.items(11, 11), draw.randint(2, 4)
    arrivals = _arrivals(items, beat)
    outages = [_outage(arrivals, first, threshold - 1) for first in (1, 1 + threshold)]
    run = answer.run(_world(items, beat, arrivals=arrivals, outages=outages, threshold=threshold))
    never = f"it had never failed threshold = {threshold} times in a row"
    is_tried_with(run, range(len(items)), never)


@check(
    points=0.5,
    needs=(TRIES, TOGETHER, ONCE),
    hint="A call that began before the breaker opened may end while it is open. Does its outcome "
    "say anything about how the service is now?",
)
def test_late_outcomes_change_nothing(answer: Answer, draw: Draw) -> None:
    """Calls from before the breaker opened change nothing when they end, be it open or closed."""
    beat = draw.beat()
    # Items 1 and 2 open it; 0 succeeds long after that, and then 3 and 4 fail, as many as open it.
    arrivals = [t * beat for t in (0.0, 2.0, 2.0, 2.0, 2.0, 30.0, 50.0)]
    work = [t * beat for t in (20.0, 1.0, 1.0, 22.0, 23.0, 1.0, 1.0)]
    opened, late = 3 * beat, f"whatever becomes of calls from before {3 * beat:g} s"
    outages = [(beat, 10 * beat)]
    world = partial(_world, draw.items(7, 7), work, workers=6, threshold=2, outages=outages)
    run = answer.run(world(arrivals=arrivals, rest=40 * beat))
    because = f"it had failed twice in a row, {late}"
    is_left_alone(run, opened, opened + 40 * beat, because)
    is_tried_with(run, [6], f"it had been left alone since {opened:g} s, {late}")
    arrivals[5:] = [15 * beat, 30 * beat]  # and the rest is over, so item 5 is the trial
    run = answer.run(world(arrivals=arrivals, rest=10 * beat))
    is_tried_with(run, [6], f"the trial with item 5, at {arrivals[5]:g} s, had been good, {late}")


@check(
    points=0.5,
    hint="Some items may still be with the service when the source has ended; and an item, or a "
    "result, may be 0. Does your code anywhere ask whether one is true?",
)
def test_it_ends_well(answer: Answer, draw: Draw) -> None:
    """The sink is closed once, after the last result; odd items and none are no problem."""
    beat, equal = draw.beat(), draw.randint(10, 99)
    sink_is_closed_once_at_the_end(answer.run(_world(draw.items(), beat, workers=3)))
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    arrivals = _arrivals(items, beat)
    before = answer.run(_world(draw.items(6, 6), beat, arrivals=arrivals))
    for zeros in (False, True):
        run = answer.run(_world(items, beat, arrivals=arrivals, zeros=zeros))
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)
    no_task_is_left(answer.run(_world([], beat, workers=2)))


@check(
    points=0.5,
    needs=(OUT,),
    hint="Failures of the service are what you are prepared for. What if the fallback fails, or "
    "the source? Which line would catch that?",
)
def test_other_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If the fallback or the source fails, the caller gets the error, and no task is left."""
    beat = draw.beat()
    for failing in (("fallback", 2), (SOURCE, draw.randint(1, 4))):
        world = _world(draw.items(), beat, workers=2, outages=[(0.0, inf)], failing=failing)
        run = answer.run(world)
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`. It is no failure of the "
    "service, and whoever catches it must raise it again.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled, it ends at once, and no task is left."""
    beat, items = draw.beat(), draw.items(9, 12)
    arrivals = [n * 0.5 * beat for n in range(len(items))]
    world = _world(items, beat, arrivals=arrivals, workers=2, cancel_at=2.25 * beat)
    run = answer.run(world)
    ends_at_once_when_cancelled(run)
    nothing_begins_at(run, 2.25 * beat, "the pipeline was cancelled")
    no_task_is_left(run)


def _run_into_outage(
    answer: Answer, draw: Draw, up_again: int | None = None
) -> tuple[GradedRun, list[float], float]:
    """Let a service that may fail twice, and then rests for six beats, go down with item 1.

    The breaker opens when item 2 has failed; item 3 comes in the rest, item 4 after it, item 5 in
    the rest after that, should item 4 fail.

    Args:
        answer: the answer.
        draw: where the numbers come from.
        up_again: with which item the service is up again; it is down once more with the item two
            after that. None for never.

    Returns:
        The run, when each item was there, and the beat, for which the service works.
    """
    beat, items = draw.beat(), draw.items(9, 9)
    arrivals = _arrivals(items, beat)
    outages = [(arrivals[1], inf)]
    if up_again:
        outages = [(arrivals[1], arrivals[up_again]), _outage(arrivals, up_again + 2, 1)]
    world = _world(items, beat, arrivals=arrivals, threshold=2, rest=6 * beat, outages=outages)
    return answer.run(world), arrivals, beat


def _arrivals(items: Sequence[int], beat: float) -> list[float]:
    """Let items come every four beats, so that each is done long before the next."""
    return [n * 4 * beat for n in range(len(items))]


def _outage(arrivals: Sequence[float], first: int, items: int) -> tuple[float, float]:
    """Return an outage that meets this many items."""
    return arrivals[first], arrivals[first + items]
