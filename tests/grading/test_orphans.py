"""An answer in an endless loop does not outlive a grader that was killed."""

import subprocess
import sys
import threading

import psutil  # type: ignore[import-untyped] # psutil comes without types
import pytest
from graded import ROOT

GRADER = """
from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.worlds.world import World

with Answer("async def loop(*_):\\n    while True: pass", "loop", time_limit=60) as answer:
    answer.run(World(items=[], work={}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a process keeps its parent's number")
def test_an_answer_does_not_outlive_the_grader() -> None:
    grader = psutil.Popen([sys.executable, "-c", GRADER], cwd=ROOT, stderr=subprocess.DEVNULL)
    with grader:
        loops = _one_that_loops(grader)
        grader.kill()
    gone, _ = psutil.wait_procs([loops], timeout=60)
    if not gone:
        loops.kill()
    assert gone


def _one_that_loops(grader: psutil.Process) -> psutil.Process:
    """Wait until the grader has a child that has worked for longer than it takes to start."""
    while True:
        for child in grader.children():
            if child.cpu_times().user > 1:
                return child
        threading.Event().wait(0.02)
