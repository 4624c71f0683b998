"""Exercise 7, the pipeline with metrics: what an answer must make true, for 10 points."""

from collections.abc import Sequence

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.checks import Exercise, check
from pipeline_kit.grading.claims.general import (
    at_most_waiting,
    each_item_passes_all_stages_in_order,
    ends_at_once_when_cancelled,
    every_item_comes_out_once,
    no_task_is_left,
    no_timer_is_left,
    order_is_kept,
    results_come_out_at,
    sink_is_closed_once_at_the_end,
    something_came_out,
    the_error_reaches_the_caller,
)
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.claims.metrics import (
    busy_time,
    busy_times_are_right,
    counts_are_right,
    errors_are_told_apart,
    latency_is_right,
    metrics_of,
    peak_is_right,
    progress_is_published,
    says,
    throughput_is_right,
)
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.worlds.faulty import KINDS, FaultyWorld
from pipeline_kit.grading.worlds.world import Work
from pipeline_kit.trace import SOURCE

STAGES = ("stage1", "stage2", "stage3")


def _world(
    items: Sequence[int],
    work: Work,
    *,
    buffer_size: int = 2,
    interval: float = 1000.0,
    arrivals: Sequence[float] = (),
    sink_pace: float = 0.0,
    faults: dict[str, dict[int, str]] | None = None,
    failing: tuple[str, int] | None = None,
    cancel_at: float | None = None,
    zeros: bool = False,
) -> FaultyWorld:
    return FaultyWorld(
        items=items,
        work=work,
        arrivals=arrivals,
        sink_pace=sink_pace,
        faults=faults or {},
        failing=failing,
        cancel_at=cancel_at,
        zeros=zeros,
        arguments={"buffer_size": buffer_size, "interval": interval},
        signals=["publish"],
    )


EXERCISE = Exercise(
    number=7,
    title="The pipeline with metrics",
    function="metrics",
    demo=_world(
        [*range(10, 18)],
        {"stage1": 0.5, "stage2": [1.0, 1.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0], "stage3": 0.5},
        buffer_size=8,
        interval=2.0,
        faults={"stage2": {4: KINDS[0]}},
    ),
    hints=(
        "First make it a pipeline that leaves out what fails. Then add one figure after the other, "
        "and `check()` each. Which of them belong to a stage, which to an item, which to all?",
        "The time that a stage is at work begins right before its call and ends right after it, "
        "also when the call raises: `finally` is there for that. When an item left the source, "
        "only the item can know: let it carry that along from channel to channel.",
        "Send pairs `(left_source_at, value)` through your channels. A channel knows how many it "
        "has held at most: `channel.statistics().peak_depth`. What publishes runs beside the "
        "pipeline, in a task that would never end: whoever knows that the last result is out must "
        "cancel it.",
    ),
    extension="the mean hides the few who wait long. Return the 50th, 95th and 99th percentile of "
    "the latencies too, from a histogram with 20 buckets instead of a list of all of them. How far "
    "from the truth can they be?",
)

PIPELINE = "test_it_is_a_pipeline"
OVERLAP = "test_the_stages_overlap"
LEFT_OUT = "test_failed_items_are_left_out"
RETURNED = "test_it_returns_metrics"
BUSY = "test_busy_times_are_right"


@check(
    points=0.5,
    hint="Compare with your answer to exercise 2: metrics should not change what happens.",
)
def test_it_is_a_pipeline(answer: Answer, draw: Draw) -> None:
    """Each item comes out once, in order, after all three stages."""
    beat = draw.beat()
    for items in (draw.items(), draw.items(1, 1)):
        work = {stage: [beat * draw.randint(1, 3) for _ in items] for stage in STAGES}
        run = answer.run(_world(items, work))
        every_item_comes_out_once(run)
        each_item_passes_all_stages_in_order(run)
        order_is_kept(run)


@check(
    points=1,
    hint="Who works on item 1 while stage 2 is busy with item 0? To measure a pipeline, there must "
    "be one: count your tasks.",
)
def test_the_stages_overlap(answer: Answer, draw: Draw) -> None:
    """All three stages work at the same time, each on another item."""
    beat, items, size = draw.beat(), draw.items(), draw.randint(1, 3)
    run = answer.run(_world(items, dict.fromkeys(STAGES, beat), buffer_size=size))
    times = [(n + len(STAGES)) * beat for n in range(len(items))]
    results_come_out_at(run, times, f"if a stage takes {beat:g} s and the stages overlap")


@check(
    points=0.5,
    needs=(OVERLAP,),
    hint="A buffer without a bound shows how many items would wait if the memory had none either. "
    "Where do items wait in your pipeline, and how many find room there?",
)
def test_the_buffers_are_bounded(answer: Answer, draw: Draw) -> None:
    """Between two stages wait at most `buffer_size` items, and the one in the hand of the first."""
    beat, size = draw.beat(), draw.randint(1, 3)
    for slow in ("stage2", "stage3"):
        work = dict.fromkeys(STAGES, beat) | {slow: 6 * beat}
        run = answer.run(_world(draw.items(10, 12), work, buffer_size=size))
        at_most_waiting(run, slow, size + 1, f"{size} in the buffer and 1 in the hand")


@check(
    points=0.5,
    needs=(PIPELINE,),
    hint="A stage may raise an exception with one item. What becomes of the next one?",
)
def test_failed_items_are_left_out(answer: Answer, draw: Draw) -> None:
    """An item with which a stage fails is left out, and all others come out in order."""
    items = draw.items(8, 11)
    faults = _faults(draw)
    run = answer.run(_world(items, dict.fromkeys(STAGES, draw.beat()), faults=faults))
    order_is_kept(run)
    failed = {item for of_stage in faults.values() for item in of_stage}
    if passed_on := failed & set(run.came_out):
        item = min(passed_on)
        raise run.unmet(f"item {item} has reached the sink, although a stage failed with it")
    missing = set(range(len(items))) - failed - set(run.came_out)
    if missing:
        raise run.unmet(
            f"item {min(missing)} has never reached the sink, although no stage failed with it; "
            f"stages failed with {sorted(failed)}"
        )


@check(
    points=0.5,
    hint="Metrics that nobody gets to see are of no use: what does your function return?",
)
def test_it_returns_metrics(answer: Answer, draw: Draw) -> None:
    """It returns a dictionary of metrics."""
    metrics_of(answer.run(_world(draw.items(), dict.fromkeys(STAGES, draw.beat()))))


@check(
    points=1,
    needs=(RETURNED, LEFT_OUT),
    hint="An item that fails at a stage was not done there, and has never been at those after it.",
)
def test_work_is_counted(answer: Answer, draw: Draw) -> None:
    """`done` and `errors` say for each stage how often it has succeeded and failed."""
    work = dict.fromkeys(STAGES, draw.beat())
    counts_are_right(answer.run(_world(draw.items(8, 11), work, faults=_faults(draw))))


@check(
    points=0.5,
    needs=(RETURNED, LEFT_OUT),
    hint="What is an exception's name? `type(error)` knows. And if there was none of a type?",
)
def test_errors_are_counted_by_type(answer: Answer, draw: Draw) -> None:
    """`errors` says how many exceptions of each type there were."""
    work = dict.fromkeys(STAGES, draw.beat())
    errors_are_told_apart(answer.run(_world(draw.items(8, 11), work, faults=_faults(draw))))


@check(
    points=1,
    needs=(RETURNED, LEFT_OUT),
    hint="A stage that waits for an item, or for room, is not at work; one whose call fails was. "
    "Between which two lines does your clock run, and does it stop in every case?",
)
def test_busy_times_are_right(answer: Answer, draw: Draw) -> None:
    """`busy` says how long each stage was at work, without waiting, and with what failed."""
    beat, items = draw.beat(), draw.items(8, 11)
    for slow in STAGES:
        work = {stage: [beat * draw.randint(1, 3) for _ in items] for stage in STAGES}
        work[slow] = [time + 3 * beat for time in work[slow]]
        run = answer.run(_world(items, work, buffer_size=1, faults=_faults(draw)))
        busy_times_are_right(run)


@check(
    points=0.5,
    needs=(RETURNED,),
    hint="How many results, in how many seconds? The stages overlap, so their times do not add up.",
)
def test_throughput_is_right(answer: Answer, draw: Draw) -> None:
    """`throughput` says how many results came out per second, up to the last one."""
    items, beat = draw.items(), draw.beat()
    for pace in (beat, 2 * beat):  # or it might be 1 a second, and that is 1 second each
        work = {stage: [pace * draw.randint(1, 4) for _ in items] for stage in STAGES}
        work["stage3"] = [4 * pace] * len(items)
        throughput_is_right(answer.run(_world(items, work)))


@check(
    points=1,
    needs=(RETURNED, PIPELINE),
    hint="From when to when is an item on its way? Its value changes at each stage, and two items "
    "may be equal: how do you know later when it was that this one left the source?",
)
def test_latency_is_right(answer: Answer, draw: Draw) -> None:
    """`latency` says how long items took from the source until the sink had them, on average."""
    beat = draw.beat()
    items = [draw.choice([11, 22]) for _ in range(draw.randint(8, 11))]
    work = {stage: [beat * draw.randint(1, 3) for _ in items] for stage in STAGES}
    latency_is_right(answer.run(_world(items, work, buffer_size=4, sink_pace=4 * beat)))


@check(
    points=0.5,
    needs=(RETURNED, BUSY),
    hint="Which stage must become faster, for the whole to be faster? Not the one with the slowest "
    "single item, and not the one that waits the most.",
)
def test_the_bottleneck_is_named(answer: Answer, draw: Draw) -> None:
    """`bottleneck` names the stage that was at work for the longest time, in all."""
    beat, items = draw.beat(), draw.items(9, 11)
    steady, quick = [2.5 * beat] * len(items), [0.5 * beat] * len(items)
    spike = [*quick[:4], 7 * beat, *quick[5:]]
    for first, second, third in (STAGES, STAGES[::-1], ("stage2", "stage3", "stage1")):
        times = {first: steady, second: spike, third: quick}
        work = {stage: times[stage] for stage in STAGES}
        run = answer.run(_world(items, work, buffer_size=3))
        busiest = max(STAGES, key=lambda stage: busy_time(run, stage))
        because = f"{busiest} was at work for {busy_time(run, busiest):g} s, longer than the others"
        says(run, busiest, because, "bottleneck")


@check(
    points=0.5,
    needs=(RETURNED,),
    hint="The depth of a buffer at the end says nothing. Who could know how deep it once was?",
)
def test_the_peak_is_right(answer: Answer, draw: Draw) -> None:
    """`peak` says how many items the buffers in front of stages 2 and 3 have held at most."""
    beat, items = draw.beat(), draw.items(9, 11)
    for slow in ("stage2", "stage3"):
        work = {stage: [beat] * len(items) for stage in STAGES}
        work[slow] = [beat * draw.randint(2, 4) for _ in items]
        run = answer.run(_world(items, work, buffer_size=50))
        peak_is_right(run, "stage2")
        peak_is_right(run, "stage3")


@check(
    points=0.5,
    hint="Whoever publishes must do so while the others work, whatever they wait for, and for as "
    "long. How many results are out is known where they are sent.",
)
def test_progress_is_published(answer: Answer, draw: Draw) -> None:
    """Every `interval` seconds, until the end, the number of results so far is published."""
    beat, items = draw.beat(), draw.items(9, 12)
    interval = 1.375 * beat  # so that hardly ever a result comes out at the same time
    run = answer.run(_world(items, dict.fromkeys(STAGES, 2 * beat), interval=interval))
    progress_is_published(run, interval)


@check(
    points=0.5,
    hint="Who knows that the last result is out, and who must then be stopped? And can a stage be "
    "waiting for an item already when it is told that none comes?",
)
def test_it_ends_with_the_last_result(answer: Answer, draw: Draw) -> None:
    """After the last result the sink is closed, whoever is quicker, and nothing goes on."""
    work = dict.fromkeys(STAGES, draw.beat())
    run = answer.run(_world(draw.items(), work))
    sink_is_closed_once_at_the_end(run)
    if run.play.now != run.times_out[-1]:
        raise run.unmet(
            f"the last result had come out at {run.times_out[-1]:g} s, but your function went on "
            f"until {run.play.now:g} s; who was still waiting to publish?"
        )
    no_task_is_left(run)
    no_timer_is_left(run)
    holds_in_any_order(answer, draw, _hasty_world, sink_is_closed_once_at_the_end, runs=10)


@check(
    points=0.5,
    hint="If there are no results, what do you divide by? And does your code anywhere ask whether "
    "an item is true?",
)
def test_empty_sources_and_odd_items(answer: Answer, draw: Draw) -> None:
    """No items are no problem, nor are items that are zero, negative or equal."""
    work, equal = dict.fromkeys(STAGES, draw.beat()), draw.randint(10, 99)
    items = [-draw.randint(1, 99), 0, equal, equal, 0, draw.randint(100, 199)]
    before = answer.run(_world(draw.items(6, 6), work))
    something_came_out(before)
    for zeros in (False, True):
        run = answer.run(_world(items, work, zeros=zeros))
        if len(run.came_out) != len(before.came_out):  # what is always lost is another check's
            every_item_comes_out_once(run)
    empty = answer.run(_world([], work))
    if isinstance(empty.ended.returned, dict):
        for name in ("throughput", "latency"):
            if (value := empty.ended.returned.get(name, 0)) != 0:
                raise empty.unmet(f"there were no results, but {name} is {value!r}; it should be 0")


@check(
    points=0.5,
    hint="Failures with single items are counted, those of the source are not: without it nothing "
    "can go on. And a cancellation is no failure at all. Which lines catch which, and which of "
    "them stops what publishes?",
)
def test_other_errors_end_everything(answer: Answer, draw: Draw) -> None:
    """If the source fails, or it is cancelled, it ends at once: no task is left, nor a timer."""
    beat, items = draw.beat(), draw.items()
    work = dict.fromkeys(STAGES, beat)
    run = answer.run(_world(items, work, failing=(SOURCE, draw.randint(1, 4))))
    the_error_reaches_the_caller(run)
    no_task_is_left(run)
    no_timer_is_left(run)
    run = answer.run(_world(items, work, cancel_at=(draw.randint(3, 5) + 0.5) * beat))
    ends_at_once_when_cancelled(run)
    no_task_is_left(run)
    no_timer_is_left(run)


def _hasty_world(draw: Draw) -> FaultyWorld:
    """Return a world in which much happens at the same moment, as only stage 1 takes time.

    Without any time there would be no throughput.
    """
    work = dict.fromkeys(STAGES, 0.0) | {"stage1": draw.choice([0.5, 1.0])}
    return _world(draw.items(2, 4), work, buffer_size=draw.randint(1, 2))


def _faults(draw: Draw) -> dict[str, dict[int, str]]:
    """Let two stages fail, the one with two items, the other with one."""
    one, other = draw.sample(STAGES, 2)
    first, second, third = draw.sample(range(1, 7), 3)
    return {one: {first: KINDS[0], second: KINDS[1]}, other: {third: draw.choice(KINDS)}}
