import asyncio
import math
from asyncio import sleep

import pytest

from pipeline_kit import Pipeline, Stage, StageError
from pipeline_kit.patterns.error_handling import DeadLetters
from pipeline_kit.patterns.filter_transform import keep_if
from pipeline_kit.patterns.item_deadline import DeadlineExceededError, ItemDeadline, Stamped
from pipeline_kit.patterns.timeout import CallTimeoutError, Timeout, TimeoutStatistics


def now() -> float:
    return asyncio.get_running_loop().time()


async def work(seconds: float) -> float:
    await sleep(seconds)
    return seconds


async def test_an_item_carries_its_deadline_from_stage_to_stage() -> None:
    deadline = ItemDeadline(5)
    item = deadline.stamp(1)
    assert item == Stamped(1, 5.0)
    item = await deadline.call(work, item)
    item = await deadline.call(lambda seconds: seconds + 1, item)
    item = await deadline.call(work, item)
    assert item == Stamped(2, 5.0)
    with pytest.raises(
        DeadlineExceededError, match=r"^the call reached the item's deadline of 5 s"
    ):
        await deadline.call(lambda item: work(2.5), item)
    assert now() == 5.0
    assert deadline.statistics() == TimeoutStatistics(1, abandoned=0, still_running=0)


async def test_three_stages_together_have_no_more_time_than_the_item_has() -> None:
    deadline, timeout, errors = ItemDeadline(5), Timeout(2.5), list[StageError]()
    stages = (
        Stage(work, name=name, layers=[deadline, timeout], on_error=errors.append) for name in "abc"
    )
    async with Pipeline(*stages).run(map(deadline.stamp, [1, 2, 4])) as run:
        results = [(stamped.value, now()) async for stamped in run]
    # The first is through at 3 s. The second is with a until 3 s, then with b until its deadline.
    # The third is stamped when there is room for it before a, at 1 s, and is with a from 3 s on.
    assert results == [(1, 3.0)]
    assert [(error.stage, type(error.__cause__)) for error in errors] == [
        ("b", DeadlineExceededError),
        ("a", CallTimeoutError),
    ]
    assert now() == 5.5


async def test_time_spent_waiting_counts_and_no_work_is_begun_in_vain() -> None:
    deadline, errors, begun = ItemDeadline(2.5), list[StageError](), list[int]()

    async def slow(item: int) -> int:
        begun.append(item)
        return int(await work(1) * item)

    stage = Stage(slow, buffer=9, layers=[deadline], on_error=errors.append)
    results = await Pipeline(stage).collect(map(deadline.stamp, range(6)))
    assert [stamped.value for stamped in results] == [0, 1]
    assert begun == [0, 1, 2]
    assert deadline.expired_while_waiting == 3
    assert "the item's deadline of 2.5 s before this stage" in str(errors[-1])
    assert now() == 2.5


async def test_a_dead_letter_gets_a_new_stamp_when_it_is_replayed() -> None:
    deadline, dead = ItemDeadline(2), DeadLetters()
    pipeline = Pipeline(Stage(work, layers=[deadline], on_error=dead))
    assert await pipeline.collect(map(deadline.stamp, [1.5, 1.5])) == [Stamped(1.5, 2.0)]
    await sleep(10)
    again = await pipeline.collect(map(deadline.renew, dead.replay()))
    assert [stamped.value for stamped in again] == [1.5]
    assert (len(dead), now()) == (0, 13.5)
    with pytest.raises(TypeError, match="item has no deadline: 3"):
        deadline.renew(3)  # type: ignore[arg-type] # that is the point


async def test_what_a_stage_filters_goes_no_further() -> None:
    deadline = ItemDeadline(1)
    stage = Stage(keep_if(bool), layers=[deadline])
    async with Pipeline(stage).run(map(deadline.stamp, [0, 1, 0, 2])) as run:
        assert [stamped.value async for stamped in run] == [1, 2]
        assert run.metrics[0].filtered == 2


async def test_an_item_that_was_not_stamped_is_refused_with_the_remedy() -> None:
    with pytest.raises(TypeError, match=r"item has no deadline: 3; stamp the source"):
        await ItemDeadline(1).call(work, 3)  # type: ignore[arg-type] # that is the point


async def test_clean_up_has_its_grace() -> None:
    async def slow_to_end(item: float) -> None:
        try:
            await sleep(item)
        finally:
            await sleep(10)

    deadline = ItemDeadline(2, grace=1)
    with pytest.raises(DeadlineExceededError, match="and still runs"):
        await deadline.call(slow_to_end, deadline.stamp(5))
    assert now() == 3.0
    assert deadline.statistics().still_running == 1


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan])
def test_a_deadline_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds must be above 0 and finite, got"):
        ItemDeadline(seconds)
