"""The timetable agrees with the kit's own pipeline on virtual time, for any working times."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from pipeline_kit import Pipeline, Stage, virtual_time
from pipeline_kit.grading.claims.timetable import timetable
from pipeline_kit.trace import SINK

TIMES = st.integers(0, 8).map(lambda quarters: quarters / 4)


def simulate(work: list[list[float]], buffer: int) -> list[float]:
    async def main() -> list[float]:
        def stage(number: int) -> Stage:
            async def step(item: int) -> int:
                await asyncio.sleep(work[number][item])
                return item

            room = buffer if number else 0
            return Stage(step, name=f"stage{number}", buffer=room)

        stages = [stage(number) for number in range(len(work))]
        async with Pipeline(*stages).run(range(len(work[0])), record=True) as run:
            _ = [result async for result in run]
        return run.trace.completions(SINK)

    return virtual_time.run(main)


@given(
    st.integers(1, 6).flatmap(
        lambda items: st.lists(
            st.lists(TIMES, min_size=items, max_size=items), min_size=1, max_size=3
        )
    ),
    st.integers(0, 3),
)
def test_the_timetable_is_that_of_the_pipeline(work: list[list[float]], buffer: int) -> None:
    assert timetable([0.0] * len(work[0]), work, buffer) == simulate(work, buffer)


def test_equal_stages_take_n_plus_k_minus_1_beats() -> None:
    assert timetable([0.0] * 10, [[1.0] * 10] * 3, 0)[-1] == 12.0


def test_items_that_arrive_late_come_out_late() -> None:
    assert timetable([0.0, 10.0], [[1.0, 1.0]], 0) == [1.0, 11.0]
