"""Tampering gains nothing, because what counts is what the world has seen."""

import pytest
from graded import ANSWERS, grade_basic, grade_source

from pipeline_kit.grading.process.protocol import Order
from pipeline_kit.grading.process.student_process import ProcessLostError, StudentProcess
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.worlds.play import Play
from pipeline_kit.grading.worlds.world import World

SEQUENTIAL = """
async for item in source:
    await sink.send(await stage3(await stage2(await stage1(item))))
sink.close()
"""
HARMLESS = {
    "patches the loop's clock": "loop = asyncio.get_running_loop()\nloop.time = lambda: 0.0\n"
    "loop._now = 0.0",
    "patches the grader's modules": "from pipeline_kit.grading import status, verdicts\n"
    "from pipeline_kit.grading.claims import general\n"
    "general.results_come_out_at = lambda *given: None\n"
    "verdicts.judge = lambda check, *given: verdicts.Verdict(check, status.Status.PASSED)",
    "patches time": "import time\ntime.monotonic = time.time = lambda: 0.0",
    "patches json": "import json\njson.dumps = lambda *given, **more: '{}'\n"
    "import importlib\nimportlib.reload(json)",
    "asks the stages out of hand": "loop = asyncio.get_running_loop()\n"
    "loop.post('close')\nloop.post('close')",
}


@pytest.mark.parametrize("trick", HARMLESS.values(), ids=HARMLESS)
def test_a_sequential_answer_gains_nothing_by_tricks(trick: str) -> None:
    honest = grade_basic(SEQUENTIAL)
    assert grade_basic(trick + SEQUENTIAL).points <= honest.points


def test_results_that_nobody_produced_are_not_taken() -> None:
    report = grade_basic("async for item in source: await sink.send(item + 10**6)\nsink.close()")
    assert report.points == 0


@pytest.mark.parametrize(
    "line",
    [
        b"hello\\n",
        b'{"ended": {"how": "returned"}}\\n',
        b'{"verdict": "passed"}\\n',
        b'{"ask": [[1, "work", "stage9", 5]], "timer": null}\\n',
        b'{"ask": [[1, "next", "", 0]], "timer": "soon"}\\n',
        b'{"ask": [[2, "next", "", 0], [2, "next", "", 0]], "timer": null}\\n',
        b"[" + b"[" * 50_000 + b"\\n",
    ],
)
def test_writing_into_the_connection_is_tampering(line: bytes) -> None:
    source = (
        "import os\n\nasync def forger(source, *rest):\n"
        "    for number in range(3, 30):\n"
        "        try: os.write(number, LINE)\n"
        "        except OSError: pass\n"
    ).replace("LINE", repr(line).replace("\\\\n", "\\n"))
    with StudentProcess() as process, pytest.raises(ProcessLostError) as lost:
        world = World(items=[1], work={"stage1": 1.0})
        process.perform(Order(source, "forger", ["stage1"], {}, 1.0), Play(world))
    assert lost.value.status is Status.TAMPERED


@pytest.mark.parametrize(
    ("exercise", "answer", "most"),
    [
        ("ex01_basic_pipeline", "leaves_tasks_when_one_fails", 0.5),
        ("ex05_timeout", "leaves_its_tasks", 1.5),
    ],
)
def test_a_lie_about_tasks_gains_only_what_hangs_on_them(
    exercise: str, answer: str, most: float
) -> None:
    # What the README calls a limit: only the student's process knows its tasks.
    lie = (
        "\nfrom pipeline_kit.grading.student import runner\n"
        "runner.describe_waiting_tasks = lambda loop: ''\n"
    )
    source = (ANSWERS / exercise / "wrong" / f"{answer}.py").read_text(encoding="utf-8")
    honest, lying = grade_source(exercise, source), grade_source(exercise, source + lie)
    assert honest.points < lying.points <= honest.points + most


def test_giving_up_what_has_happened_already_changes_nothing() -> None:
    body = (
        "loop = asyncio.get_running_loop()\n"
        "async for item in source:\n"
        "    result = await stage3(await stage2(await stage1(item)))\n"
        "    for number in range(1, 9): loop.post('abandon', value=number)\n"
        "    await sink.send(result)\n"
        "sink.close()"
    )
    assert grade_basic(body).status is Status.FAILED


def test_the_checks_and_the_grader_are_not_in_the_students_process() -> None:
    report = grade_basic(
        "import sys\n"
        "loaded = [m for m in sys.modules if 'checks' in m or 'world' in m or 'claims' in m]\n"
        "raise ValueError(f'loaded: {loaded}')"
    )
    assert "loaded: []" in report.verdicts[0].message
