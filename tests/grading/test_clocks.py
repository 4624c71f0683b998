"""In an answer every clock tells virtual time."""

import pytest

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.worlds.world import World

ANSWER = """
import asyncio
import time

async def f(source, sink):
    asked = [time.{clock}()]
    await asyncio.sleep(3600)
    asked.append(time.{clock}())
    sink.close()
    return asked
"""


@pytest.mark.parametrize("clock", ["monotonic", "perf_counter", "time"])
def test_a_clock_tells_virtual_time(clock: str) -> None:
    with Answer(ANSWER.format(clock=clock), "f") as answer:
        assert answer.run(World(items=[], work={})).ended.returned == [0.0, 3600.0]


def test_outside_of_a_loop_time_is_real() -> None:
    source = "import time\nnow = time.time()\nasync def f(source, sink):\n    return now > 10**9"
    with Answer(source, "f") as answer:
        assert answer.run(World(items=[], work={})).ended.returned is True
