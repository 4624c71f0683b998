"""An answer that works by luck is found out, by a schedule that can be had again."""

from random import Random

import pytest
from graded import ANSWERS

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.claims.general import every_item_comes_out_once
from pipeline_kit.grading.claims.luck import holds_in_any_order
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.worlds.world import World

STAGES = ("stage1", "stage2", "stage3")
FOLDER = ANSWERS / "ex01_basic_pipeline"
LUCKY = (FOLDER / "wrong" / "works_by_luck.py").read_text(encoding="utf-8")
RIGHT = (FOLDER / "right" / "queues.py").read_text(encoding="utf-8")


def world(draw: Draw) -> World:
    return World(items=draw.items(1, 4), work=dict.fromkeys(STAGES, 0.0))


def search(source: str, seed: int = 1, runs: int = 20) -> Unmet | None:
    with Answer(source, "basic_pipeline") as answer:
        try:
            holds_in_any_order(
                answer, Draw(Random(seed).randrange), world, every_item_comes_out_once, runs=runs
            )
        except Unmet as unmet:
            return unmet
    return None


def test_luck_holds_in_the_order_of_asyncio_and_not_in_every_other() -> None:
    with Answer(LUCKY, "basic_pipeline") as answer:
        every_item_comes_out_once(answer.run(world(Draw(Random(1).randrange))))
    unmet = search(LUCKY)
    assert unmet
    assert unmet.status is Status.FAILED
    assert "of 20 schedules fail; in the shortest, at 0 s nothing can go on" in unmet.message


def test_it_is_the_shortest_failure_that_is_shown() -> None:
    unmet = search(LUCKY)
    assert unmet
    assert unmet.trace
    assert len({event.item for event in unmet.trace.events}) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_finds_the_same_failure(seed: int) -> None:
    first, second = search(LUCKY, seed), search(LUCKY, seed)
    assert first
    assert second
    assert first.message == second.message
    assert first.trace == second.trace


def test_a_right_answer_holds_in_any_order() -> None:
    assert search(RIGHT, runs=50) is None


def test_a_schedule_is_repeated_exactly() -> None:
    def starts(schedule: int | None) -> list[tuple[float, int, str]]:
        work = dict.fromkeys(STAGES, 1.0)
        with Answer(RIGHT, "basic_pipeline") as answer:
            run = answer.run(World(items=[1, 2, 3, 4], work=work, schedule=schedule))
        return [(event.time, event.item, event.stage) for event in run.trace.events]

    assert starts(7) == starts(7)
    assert len({tuple(starts(schedule)) for schedule in range(5)}) > 1


def test_a_run_that_has_to_be_stopped_ends_the_search() -> None:
    calls = []

    def claim(run: GradedRun) -> None:
        calls.append(run)
        raise Unmet("it was stopped", Status.TIMEOUT)

    with (
        Answer(RIGHT, "basic_pipeline") as answer,
        pytest.raises(Unmet, match=r"^it was stopped$"),
    ):
        holds_in_any_order(answer, Draw(Random(1).randrange), world, claim)
    assert len(calls) == 1
