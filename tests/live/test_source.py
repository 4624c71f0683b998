import asyncio

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live.source import hold_back


async def numbers(count):
    for number in range(count):
        yield number


def is_open(generator):
    return getattr(generator, "gi_frame", None) or getattr(generator, "ag_frame", None)


async def test_all_items_pass_while_it_may_go():
    go = asyncio.Event()
    go.set()
    assert [item async for item in hold_back(range(3), go)] == [0, 1, 2]
    assert [item async for item in hold_back(numbers(3), go)] == [0, 1, 2]


async def test_nothing_passes_while_it_is_held_and_nothing_is_lost():
    go, seen = asyncio.Event(), []

    async def take(item):
        seen.append((asyncio.get_running_loop().time(), item))

    collecting = asyncio.create_task(Pipeline(Stage(take)).collect(hold_back(range(3), go)))
    await asyncio.sleep(5)
    assert seen == []
    go.set()
    await collecting
    assert seen == [(5, 0), (5, 1), (5, 2)]


async def test_a_generator_is_closed_when_the_run_ends_early():
    go, plain, later = asyncio.Event(), iter_of(9), numbers(9)
    go.set()
    for source in (plain, later):
        async with Pipeline(Stage(str)).run(hold_back(source, go)) as run:
            assert await anext(aiter(run)) == "0"
        assert not is_open(source)


def iter_of(count):
    yield from range(count)
