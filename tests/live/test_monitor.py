import asyncio
import math
from dataclasses import replace
from types import SimpleNamespace

from pipeline_kit import FILTERED, Channel, Pipeline, Stage, StageMetrics
from pipeline_kit.errors import ErrorLog
from pipeline_kit.live.monitor import Monitor
from pipeline_kit.patterns.backpressure import OverflowChannel


async def follow(pipeline, source, *, every=0.04):
    """Run to the end and return the samples that a monitor takes meanwhile."""
    monitor = Monitor(pipeline.stages)
    loop, out = asyncio.get_running_loop(), []
    began = loop.time()

    async def look():
        while True:
            monitor.look(run, loop.time() - began, len(out))
            await asyncio.sleep(every)

    async with pipeline.run(source) as run, asyncio.TaskGroup() as group:
        looking = group.create_task(look())
        async for result in run:
            out.append(result)
        looking.cancel()
    return monitor.samples


def takes(seconds, name, **options):
    async def work(item):
        await asyncio.sleep(seconds)
        return item

    return Stage(work, name=name, **options)


async def test_the_bottleneck_is_the_stage_that_is_always_at_work():
    pipeline = Pipeline(takes(0.1, "a"), takes(0.4, "b", buffer=5), takes(0.1, "c"))
    samples = await follow(pipeline, range(20))
    assert samples[50].bottleneck == 1


async def test_a_stage_that_is_blocked_is_not_the_bottleneck():
    samples = await follow(Pipeline(takes(0.1, "a"), takes(0.4, "b")), range(20))
    assert samples[50].bottleneck == 1


async def test_a_stage_that_mostly_waits_is_no_bottleneck():
    async def source():
        for item in range(5):
            await asyncio.sleep(1)
            yield item

    samples = await follow(Pipeline(takes(0.2, "a")), source())
    assert {sample.bottleneck for sample in samples if 3 < sample.time < 5} == {None}


async def test_a_stage_that_has_done_all_its_items_is_not_the_bottleneck():
    pipeline = Pipeline(takes(0.1, "a"), takes(0.4, "b", buffer=100))
    samples = await follow(pipeline, range(20))
    assert {sample.bottleneck for sample in samples if 6 < sample.time < 8} == {1}


def test_of_stages_that_never_wait_the_last_with_a_full_queue_is_the_bottleneck():
    def stage(name, depth):
        queue = replace(Channel(10).statistics(), depth=depth)
        return StageMetrics(name, 1, queue, Channel(10).statistics())

    monitor = Monitor([Stage(str, name=name, buffer=10) for name in "abc"])
    run = SimpleNamespace(metrics=(stage("a", 10), stage("b", 9), stage("c", 1)), errors=ErrorLog())
    for time in range(3):
        monitor.look(run, time, 0)
    assert monitor.samples[-1].bottleneck == 1


async def test_more_workers_move_the_bottleneck():
    pipeline = Pipeline(takes(0.2, "a"), takes(0.4, "b", workers=4, buffer=5))
    samples = await follow(pipeline, range(40))
    assert samples[50].bottleneck == 0


async def test_stages_that_take_no_time_are_told_by_their_queues():
    pipeline = Pipeline(
        Stage(str, name="a", buffer=10), Stage(pause_now_and_then, name="b", buffer=10)
    )
    samples = await follow(pipeline, range(2000), every=0.004)
    assert samples[len(samples) // 2].bottleneck == 1


async def pause_now_and_then(item):
    if int(item) % 50 == 0:
        await asyncio.sleep(0.01)
    return item


async def test_throughput_is_counted_over_the_last_second():
    samples = await follow(Pipeline(takes(0.1, "a")), range(50))
    assert [round(sample.throughput) for sample in samples if sample.time > 2] != []
    assert all(9 <= sample.throughput <= 11 for sample in samples if sample.time > 2)


async def test_depth_never_exceeds_the_capacity():
    pipeline = Pipeline(takes(0.1, "a"), takes(0.4, "b", buffer=3), buffer=2)
    samples = await follow(pipeline, range(20))
    assert max(sample.depth[1] for sample in samples) == 3
    assert all(sample.depth[0] == 0 and sample.depth[2] <= 2 for sample in samples)


async def test_filtered_items_are_counted_and_no_loss():
    async def refuse_odd(item):
        await asyncio.sleep(0.1)
        return FILTERED if item % 2 else item

    samples = await follow(Pipeline(Stage(refuse_odd)), range(10))
    assert max(sample.filtered[0] for sample in samples) == 5
    assert all(sample.lost == [0, 0] for sample in samples)
    assert all(0 <= sample.working[0] <= 1 for sample in samples)


async def test_skipped_items_are_counted_and_their_workers_are_free():
    async def refuse_odd(item):
        await asyncio.sleep(0.1)
        if item % 2:
            raise ValueError(item)
        return item

    pipeline = Pipeline(Stage(refuse_odd, on_error=lambda error: None))
    samples = await follow(pipeline, range(10))
    assert max(sample.lost[0] for sample in samples) == 5
    assert all(0 <= sample.working[0] <= 1 for sample in samples)


async def test_a_queue_without_a_bound_can_be_the_sign():
    pipeline = Pipeline(Stage(pause_now_and_then, name="b", buffer=math.inf))
    monitor = Monitor(pipeline.stages)
    async with pipeline.run(str(n) for n in range(200)) as run:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for time in range(5):
            monitor.look(run, time, 0)
    assert monitor.samples[-1].depth[0] > 0
    assert monitor.samples[-1].bottleneck == 0


async def test_dropped_items_are_counted_and_the_bound_is_that_of_the_channel():
    def three():
        return OverflowChannel(3, overflow="drop_oldest")

    samples = await follow(Pipeline(takes(0.4, "slow", channel=three)), range(10))
    # The first is being worked on; of the other nine, three fit, so that six are dropped.
    assert samples[1].dropped == [6, 0]
    assert samples[1].depth == [3, 0]
    assert samples[1].working == [1, 0]
    assert samples[-1].lost == [0, 0]
    assert samples[-1].taken[0] == 4
    assert samples[20].bottleneck == 0


async def test_throughput_is_right_also_after_a_loop_that_was_held_up():
    pipeline, out = Pipeline(takes(0.1, "a")), []
    monitor, loop = Monitor(pipeline.stages), asyncio.get_running_loop()
    async with pipeline.run(range(60)) as run:
        monitor.look(run, 0.0, 0)
        async for result in run:
            out.append(result)
            if not 2 < loop.time() < 5:  # for three seconds nobody has time to look
                monitor.look(run, loop.time(), len(out))
    assert {sample.throughput for sample in monitor.samples[1:]} == {10}
