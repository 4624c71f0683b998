"""Exercise 10, the pipeline with a cache: what an answer must make true, for 10 points."""

from collections.abc import Sequence
from functools import partial

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.caching import (
    at_most_at_once,
    hits_come_out_at_once,
    looked_up_at_most,
    lookups_of,
    not_looked_up_again,
    results_are_fresh,
)
from pipeline_kit.grading.claims.general import (
    at_most_waiting,
    ends_at_once_when_cancelled,
    every_item_comes_out_once,
    no_task_is_left,
    results_come_out_at,
    sink_is_closed_once_at_the_end,
    something_came_out,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.keyed import KeyedWorld
from pipeline_kit.trace import SOURCE


def _world(
    keys: Sequence[int],
    beat: float,
    *,
    workers: int = 1,
    maxsize: int = 100,
    warm: Sequence[int] = (),
    changes: Sequence[tuple[float, int]] = (),
    arrivals: Sequence[float] = (),
    failing: tuple[str, int] | None = None,
    cancel_at: float | None = None,
    zeros: bool = False,
) -> KeyedWorld:
    return KeyedWorld(
        items=keys,
        work={"lookup": beat},
        workers={"lookup": workers},
        arrivals=arrivals,
        arguments={"workers": workers, "maxsize": maxsize, "warm": list(warm)},
        streams={"changes": changes},
        failing=failing,
        cancel_at=cancel_at,
        zeros=zeros,
    )


def _rush(key: int, draw: Draw) -> KeyedWorld:
    """Return a world in which all want the same key, some of them when it has just been found."""
    arrivals = sorted(draw.choice([0.0, 1.0, 2.0]) for _ in range(4))
    return _world([key] * 4, 1.0, arrivals=arrivals, workers=4)


EXERCISE = Exercise(
    number=10,
    title="The pipeline with a cache",
    function="caching",
    demo=_world(
        [11, 11, 22, 11, 33, 22, 11, 44, 22, 33],
        2.0,
        arrivals=[0.0, 0.5, 1.0, 3.0, 3.5, 4.5, 6.0, 6.5, 8.5, 9.0],
        workers=2,
        maxsize=3,
        changes=[(5.0, 11)],
    ),
    hints=(
        "Write a function `find(key)` that returns the result of a key, from a dictionary if it is "
        "there and by a lookup if not. The rest is a few workers that call it and send.",
        "The dictionary of results knows only lookups that are over. Keep a second one, of those "
        "under way: whoever finds a key there awaits the same task or future instead of asking "
        "again. What has a change to do with each of the two?",
        "When a lookup is over, it may be kept only if no change has come meanwhile: for instance "
        "if it still stands among those under way. A dictionary remembers the order in which keys "
        "came in; `d[key] = d.pop(key)` makes one the newest, `next(iter(d))` is the oldest.",
    ),
    extension="give `find` a time to live: `asyncio.get_running_loop().time()` is the clock. Then "
    "let an old result be given at once while a new one is looked up behind it (stale while "
    "revalidate). Which of your checks would still hold?",
)

TOGETHER = "test_the_workers_look_up_at_the_same_time"
ONCE = "test_the_same_is_looked_up_once"


@check(
    points=1,
    hint="An item that has been seen before is still an item: it wants a result of its own.",
)
def test_every_item_gets_its_result(answer: Answer, draw: Draw) -> None:
    """Each item comes out exactly once, with a result that was looked up for its key."""
    for workers in (1, 3):
        keys = draw.items()
        again = [draw.choice(keys) for _ in range(4)]
        every_item_comes_out_once(answer.run(_world(keys + again, draw.beat(), workers=workers)))
    every_item_comes_out_once(answer.run(_world(draw.items(1, 1), draw.beat(), workers=2)))


@check(
    points=1,
    hint="How many tasks of yours call `lookup`, and can they all be waiting for it at once?",
)
def test_the_workers_look_up_at_the_same_time(answer: Answer, draw: Draw) -> None:
    """As many lookups as there are workers go on at once, and never more."""
    beat, keys, workers = draw.beat(), draw.items(9, 12), draw.randint(2, 4)
    run = answer.run(_world(keys, beat, workers=workers))
    at_most_at_once(run, workers)
    at_most_waiting(run, "lookup", workers, "or memory runs out when the source is long")
    times = [(n // workers + 1) * beat for n in range(len(keys))]
    results_come_out_at(run, times, f"if {workers} workers look up at once, {beat:g} s each")


@check(
    points=1.5,
    needs=("test_every_item_gets_its_result",),
    hint="Before a lookup, have a look at what is known; after it, put down what was found.",
)
def test_the_same_is_looked_up_once(answer: Answer, draw: Draw) -> None:
    """What was looked up before is not looked up again, and comes out at once."""
    beat, keys = draw.beat(), draw.items(4, 6)
    late = 100 * beat
    again = [late + n * beat for n in range(len(keys))]
    run = answer.run(_world(keys * 2, beat, arrivals=[0.0] * len(keys) + again, workers=2))
    looked_up_at_most(run, dict.fromkeys(keys, 1))
    hits_come_out_at_once(run, range(len(keys), 2 * len(keys)))


@check(
    points=1,
    needs=(ONCE, TOGETHER),
    hint="Between the look into the cache and the entry that follows there is an `await`. Who else "
    "looks into the cache in that time, and what could it wait for?",
)
def test_all_who_want_the_same_share_one_lookup(answer: Answer, draw: Draw) -> None:
    """If a key is wanted while it is being looked up, it is not looked up a second time, ever."""
    beat, (first, second) = draw.beat(), draw.items(2, 2)
    keys = [first, first, first, second, first, second]
    odd = 0.5 * beat + 2**-7  # no whole number of milliseconds, so whoever polls comes late
    arrivals = [0.0, 0.0, odd, 2 * beat, 2.25 * beat, 2.5 * beat]
    run = answer.run(_world(keys, beat, arrivals=arrivals, workers=3))
    looked_up_at_most(run, {first: 1, second: 1})
    times = [beat, beat, beat, 2.25 * beat, 3 * beat, 3 * beat]
    results_come_out_at(run, times, "if all who want it wait for the same lookup")
    once = partial(looked_up_at_most, most={first: 1})
    holds_in_any_order(answer, draw, partial(_rush, first), once, runs=12)


@check(
    points=1,
    needs=(ONCE,),
    hint="Somebody must listen to `changes` all the while. What does it have to do with the cache?",
)
def test_a_change_is_heard(answer: Answer, draw: Draw) -> None:
    """When the data of a key change, that key is looked up anew, and no other one."""
    beat, (changing, steady) = draw.beat(), draw.items(2, 2)
    keys = [changing, steady, changing, changing, steady, changing]
    arrivals = [n * 4 * beat for n in range(len(keys))]
    change = (arrivals[3] - beat, changing)
    run = answer.run(_world(keys, beat, arrivals=arrivals, changes=[change]))
    results_are_fresh(run)
    looked_up_at_most(run, {changing: 2, steady: 1}, f"as only {changing} has changed, once")


@check(
    points=0.5,
    needs=("test_a_change_is_heard",),
    hint="A lookup that began before the change brings old data, even if it ends after it. It may "
    "go to those who waited already; to whom may it not go?",
)
def test_a_lookup_overtaken_by_a_change_is_not_kept(answer: Answer, draw: Draw) -> None:
    """If the data change while they are being looked up, that result goes to no later item."""
    beat, (key,) = draw.beat(), draw.items(1, 1)
    arrivals = [0.0, 3 * beat, 7.5 * beat, 12 * beat]
    changes = [(2 * beat, key)]
    run = answer.run(_world([key] * 4, 4 * beat, arrivals=arrivals, changes=changes, workers=3))
    results_are_fresh(run)


@check(
    points=0.5,
    needs=(ONCE,),
    hint="A cache without a bound is a leak with a good reason. What has to go when one comes?",
)
def test_never_more_than_maxsize_results_are_kept(answer: Answer, draw: Draw) -> None:
    """At most `maxsize` results are kept."""
    beat, size = draw.beat(), draw.randint(2, 4)
    keys = draw.items(size + 3, size + 3)
    arrivals = [n * 2 * beat for n in range(2 * len(keys))]
    run = answer.run(_world(keys + keys[::-1], beat, arrivals=arrivals, maxsize=size))
    something_came_out(run)
    remembered = 2 * len(keys) - len(lookups_of(run))
    if remembered > size:
        raise run.unmet(
            f"{len(keys)} keys came, one after the other, and then all once more: {remembered} of "
            f"them were not looked up again, so that many had been kept; maxsize is {size}"
        )


@check(
    points=0.5,
    needs=("test_never_more_than_maxsize_results_are_kept",),
    hint="A result that was just asked for is likely to be asked for again. How does your cache "
    "tell how long ago that was?",
)
def test_the_least_recently_used_goes(answer: Answer, draw: Draw) -> None:
    """When there is no more room, the result goes that was not asked for the longest."""
    beat, size = draw.beat(), draw.randint(2, 4)
    *keys, one_more = draw.items(size + 1, size + 1)
    order = [*keys, keys[0], one_more, keys[0], *keys[2:]]
    arrivals = [n * 2 * beat for n in range(len(order))]
    run = answer.run(_world(order, beat, arrivals=arrivals, maxsize=size))
    because = f"when {one_more} came, {keys[1]} had to go, as it was not asked for the longest"
    not_looked_up_again(run, {keys[0], *keys[2:]}, because)


@check(
    points=0.5,
    needs=(ONCE,),
    hint="Which of the results will be wanted is known before the first item is there. Who could "
    "fetch them, and how many at once?",
)
def test_the_cache_is_warm_when_the_first_item_comes(answer: Answer, draw: Draw) -> None:
    """What is in `warm` is looked up ahead, by no more lookups at once than there are workers."""
    beat, workers = draw.beat(), draw.randint(1, 3)
    warm = draw.items(4, 6)
    start = (len(warm) + 2) * beat
    arrivals = [start + n * beat for n in range(len(warm))]
    run = answer.run(_world(warm[::-1], beat, arrivals=arrivals, workers=workers, warm=warm))
    hits_come_out_at_once(run, range(len(warm)))
    looked_up_at_most(run, dict.fromkeys(warm, 1))
    at_most_at_once(run, workers)


@check(
    points=0.5,
    needs=(ONCE, TOGETHER),
    hint="A hit is an item that need not wait. Is one that waits for the lookup of another a hit?",
)
def test_hits_and_misses_are_counted(answer: Answer, draw: Draw) -> None:
    """It returns how many items had their result at once, and how many had to wait."""
    beat, (first, second, warm) = draw.beat(), draw.items(3, 3)
    keys = [first, first, second, first, warm, second, first]
    arrivals = [(n + 4) * beat for n in (0, 0, 0, 3, 4, 5, 6)]
    run = answer.run(_world(keys, beat, arrivals=arrivals, workers=3, warm=[warm]))
    waited = [
        item
        for item, time in zip(run.came_out, run.times_out, strict=True)
        if time > arrivals[item]
    ]
    counts = {"hits": len(run.came_out) - len(waited), "misses": len(waited)}
    if run.ended.returned != counts:
        raise run.unmet(
            f"{counts['misses']} items had to wait for their result, {counts['hits']} had it at "
            f"once; your function returned {run.ended.returned!r:.80} instead of {counts}"
        )


@check(
    points=0.5,
    hint="Changes may go on to be announced long after the last item. Who must stop listening, and "
    "who knows that all results have been sent?",
)
def test_it_ends_with_the_last_result(answer: Answer, draw: Draw) -> None:
    """After the last result the sink is closed, and nothing goes on, whatever changes later."""
    beat, keys = draw.beat(), draw.items()
    changes = [(beat, keys[0]), (1000.0, keys[0])]
    run = answer.run(_world(keys, beat, workers=3, changes=changes))
    sink_is_closed_once_at_the_end(run)
    if run.play.now != run.times_out[-1]:
        raise run.unmet(
            f"the last result had come out at {run.times_out[-1]:g} s, but your function went on "
            f"until {run.play.now:g} s; who was still waiting for changes?"
        )
    no_task_is_left(run)


@check(
    points=0.5,
    needs=(ONCE,),
    hint="A key or a result may be 0, and there may be no items at all. Does your code anywhere "
    "ask whether one of them is true?",
)
def test_any_key_and_any_result_is_good(answer: Answer, draw: Draw) -> None:
    """Keys and results that are 0 or negative are remembered too; no items are no problem."""
    beat, negative = draw.beat(), -draw.randint(1, 99)
    for keys, zeros in (([negative, 0, negative, 0], False), ([7, 7, 8, 7], True)):
        arrivals = [n * 2 * beat for n in range(len(keys))]
        run = answer.run(_world(keys, beat, arrivals=arrivals, zeros=zeros))
        every_item_comes_out_once(run)
        looked_up_at_most(run, dict.fromkeys(keys, 1))
    no_task_is_left(answer.run(_world([], beat, workers=2)))


@check(
    points=0.5,
    hint="If a lookup fails, all who wait for it should hear of it, and the rest should end. An "
    "asyncio.TaskGroup does that for the tasks that are in it.",
)
def test_errors_reach_the_caller(answer: Answer, draw: Draw) -> None:
    """If a lookup or the source fails, the caller gets the error, and no task is left."""
    for failed in ("lookup", SOURCE):
        failing, keys = (failed, draw.randint(1, 4)), draw.items()
        run = answer.run(_world(keys, draw.beat(), workers=2, failing=failing))
        the_error_reaches_the_caller(run)
        no_task_is_left(run)


@check(
    points=0.5,
    hint="A cancellation arrives as asyncio.CancelledError at an `await`. Whoever catches it must "
    "raise it again, and must not leave tasks behind.",
)
def test_cancellation_ends_everything(answer: Answer, draw: Draw) -> None:
    """If the pipeline is cancelled, it ends at once, and no task is left."""
    beat, keys = draw.beat(), draw.items(8, 12)
    arrivals = [n * 0.5 * beat for n in range(len(keys))]
    world = _world(keys, beat, arrivals=arrivals, workers=2, cancel_at=2.25 * beat)
    run = answer.run(world)
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)
