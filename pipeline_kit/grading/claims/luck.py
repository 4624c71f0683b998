"""Finds answers that work by luck: runs them under many schedules, and shows the shortest failure.

    def world(draw: Draw) -> World:
        return World(items=draw.items(2, 4), work={"stage1": draw.choice([0.0, 1.0])})

    holds_in_any_order(answer, draw, world, every_item_comes_out_once)

A schedule is a world of its own, with its own delays, and an order of its own in which tasks that
could go on at the same moment take turns, as in `pipeline_kit.schedules`. All are drawn from the
seed of the check, so the same answer gets the same verdict each time.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.draw import Draw
from pipeline_kit.grading.graded_run import GradedRun
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.worlds.world import World

Claim = Callable[[GradedRun], None]


def holds_in_any_order(
    answer: Answer, draw: Draw, make_world: Callable[[Draw], World], *claims: Claim, runs: int = 20
) -> None:
    """Claim that `claims` hold under each of `runs` schedules.

    Args:
        answer: what to run.
        draw: where the schedules are drawn from.
        make_world: makes the world of a schedule; the delays in it may be drawn.
        claims: what must hold of each run.
        runs: how many schedules to try.

    Raises:
        Unmet: a claim does not hold under some schedule; it is about the shortest such run.
    """
    failures: list[tuple[int, Unmet]] = []
    seed = draw.randrange(10**6)
    for number in range(runs):
        own = Draw(Random(f"{seed} {number}").randrange)
        world = replace(make_world(own), schedule=own.randrange(10**6))
        if unmet := _failure(answer, world, claims):
            if unmet.status is not Status.FAILED:
                raise unmet  # such as a run that had to be stopped: no use in trying more
            failures.append((len(unmet.trace.events) if unmet.trace else 0, unmet))
    if failures:
        _, shortest = min(failures, key=lambda failure: failure[0])
        text = f"{len(failures)} of {runs} schedules fail; in the shortest, {shortest.message}"
        raise Unmet(text, at=shortest.at, trace=shortest.trace)


def _failure(answer: Answer, world: World, claims: tuple[Claim, ...]) -> Unmet | None:
    """Return what a run of `answer` in `world` does not hold to, with its trace."""
    try:
        run = answer.run(world)
        for claim in claims:
            claim(run)
    except Unmet as unmet:
        return answer.with_its_run(unmet)
    return None
