"""Stages fail with some items, and the answer gets an error of the type that the script says."""

import asyncio

from pipeline_kit.grading.process.protocol import Ask, Reply, Request
from pipeline_kit.grading.student.remote import StageError, _settle
from pipeline_kit.grading.worlds.faulty import KINDS, FaultyPlay, FaultyWorld


def test_a_stage_fails_with_the_items_of_its_script_and_no_others() -> None:
    faults = {"stage1": {1: KINDS[0]}}
    play = FaultyPlay(FaultyWorld(items=[7, 8], work={"stage1": 2.0}, faults=faults))
    play.answer(Ask([Request(1, "next"), Request(2, "next")], None))
    reply = play.answer(
        Ask([Request(3, "work", "stage1", 7), Request(4, "work", "stage1", 8)], None)
    )
    assert isinstance(reply, Reply)
    assert [result[1] for result in reply.results] == ["value", "error"]
    assert reply.results[1][-1] == KINDS[0]


def test_each_kind_is_an_exception_type_of_its_own() -> None:
    async def raised(kind: str) -> BaseException | None:
        future = asyncio.get_running_loop().create_future()
        _settle(future, "error", "it failed", "stage1", kind)
        return future.exception()

    for kind in KINDS:
        error = asyncio.run(raised(kind))
        assert isinstance(error, StageError)
        assert type(error).__name__ == kind
        assert error.stage == "stage1"
