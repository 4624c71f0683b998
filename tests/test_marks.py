import asyncio
import subprocess
import sys

from pipeline_kit import Pipeline, Stage
from pipeline_kit.marks import Mark, listener, mark
from pipeline_kit.patterns.caching import Cache
from pipeline_kit.patterns.fallback import Fallback
from pipeline_kit.patterns.load_balancing import LoadBalancer
from pipeline_kit.patterns.retry import Retry


async def marks_of(stage, source):
    async with Pipeline(stage).run(source, record=True) as run:
        async for _ in run:
            pass
    return run.trace.marks


def fails_at_first(seconds=1):
    tried = set()

    async def work(item):
        await asyncio.sleep(seconds)
        if item not in tried:
            tried.add(item)
            raise ConnectionError
        return item

    return work


async def work(item):
    await asyncio.sleep(1)
    return item


async def test_a_cache_marks_what_it_has_not_computed():
    marks = await marks_of(Stage(work, layers=[Cache()]), "abab")
    assert marks == [Mark(2, "hit", 2, "work"), Mark(2, "hit", 3, "work")]


async def test_who_waits_for_another_is_no_hit():
    assert await marks_of(Stage(work, workers=2, layers=[Cache()]), "aa") == []


async def test_a_retry_marks_when_a_call_begins_once_more():
    retry = Retry(3, wait_initial=0.5, wait_jitter=0)
    marks = await marks_of(Stage(fails_at_first(), name="ask", layers=[retry]), range(2))
    assert marks == [Mark(1.5, "retry", 0, "ask"), Mark(4, "retry", 1, "ask")]


async def test_a_fallback_marks_its_substitutes():
    marks = await marks_of(Stage(fails_at_first(), name="ask", layers=[Fallback(value=0)]), "aa")
    assert marks == [Mark(1, "substitute", 0, "ask")]


async def test_a_balancer_marks_what_it_gives_to_another_worker():
    async def dead(item):
        raise ConnectionError

    marks = await marks_of(Stage(LoadBalancer([dead, work]), name="ask"), "a")
    assert marks == [Mark(0, "retry", 0, "ask")]


async def test_a_mark_names_the_worker():
    retry = Retry(wait_initial=0)
    marks = await marks_of(Stage(fails_at_first(), workers=2, layers=[retry]), "ab")
    assert {(mark.item, mark.worker) for mark in marks} == {(0, 0), (1, 1)}


async def test_a_retry_inside_a_shared_flight_is_marked_where_it_was_begun():
    layers = [Cache(), Retry(wait_initial=0, wait_jitter=0)]
    marks = await marks_of(Stage(fails_at_first(), name="ask", workers=2, layers=layers), "aa")
    assert marks == [Mark(1, "retry", 0, "ask", 0)]


async def test_the_listener_of_a_run_is_gone_when_it_has_ended():
    await marks_of(Stage(work, layers=[Cache()]), "aa")
    assert listener.get() is None
    mark("hit")


def test_marks_need_the_standard_library_alone():
    code = "import pipeline_kit.marks, sys; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
