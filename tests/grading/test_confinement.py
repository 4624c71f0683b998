"""What reaches out of the student's process is refused with a sentence, and gains nothing."""

import pytest
from graded import ROOT, grade_basic

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.status import Unmet
from pipeline_kit.grading.worlds.world import World

WORLD = World(items=[1], work={"stage1": 1.0})

SOLUTION = ROOT / "solutions" / "ex01_basic_pipeline.ipynb"
REFUSED = {
    "reading a solution": (f"open({str(SOLUTION)!r})", "an answer opens no files"),
    "reading past the kit": (
        f"open({str(ROOT / 'pipeline_kit' / '..' / 'solutions' / SOLUTION.name)!r})",
        "an answer opens no files",
    ),
    "reading past the kit by a text that denies it": (
        "class Sly(str):\n        def __contains__(self, part): return False\n"
        f"    open(Sly({str(ROOT / 'pipeline_kit' / '..' / 'solutions' / SOLUTION.name)!r}))",
        "an answer opens no files",
    ),
    "reading by a path of bytes": (f"open({str(SOLUTION).encode()!r})", "an answer opens no files"),
    "reading what is open": ("open(0)", "an answer opens no files"),
    "reading without being asked": (
        f"import readline; readline.read_history_file({str(SOLUTION)!r})",
        "'readline' is refused",
    ),
    "a database": ("import sqlite3; sqlite3.connect('notes.db')", "an answer opens no files"),
    "writing": ("open('notes.txt', 'w')", "an answer opens no files"),
    "writing into the kit": (
        f"import os; os.open({str(ROOT / 'pipeline_kit' / 'channel.py')!r}, os.O_RDWR)",
        "an answer opens no files",
    ),
    "reading the grader's memory": (
        "import os; open(f'/proc/{os.getppid()}/mem', 'rb')",
        "an answer opens no files",
    ),
    "removing": (f"import os; os.remove({str(SOLUTION)!r})", "an answer changes no files"),
    "ending the grader": (
        "import os, signal; os.kill(os.getppid(), signal.SIGTERM)",
        "an answer sends no signals",
    ),
    "ending the grader by another way": (
        "import os, signal; signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)",
        "an answer sends no signals",
    ),
    "ending the grader by the kernel": (
        "import fcntl, os; fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
        "an answer sends no signals",
    ),
    "leaving the grader no files": (
        "import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (9, 9))",
        "an answer sets no limits",
    ),
    "leaving the grader no time": (
        "import os; os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
        "an answer sets no limits",
    ),
    "a pipe with a name": ("import os; os.mkfifo('pipe')", "an answer changes no files"),
    "fork": ("import os; os.fork() or os._exit(0)", "starts no other program or process"),
    "exec": ("import os; os.execv('/bin/true', ['true'])", "starts no other program or process"),
    "a program": ("import os; os.system('true')", "starts no other program or process"),
    "a subprocess": (
        "import asyncio; await asyncio.create_subprocess_exec('true')",
        "starts no other program or process",
    ),
    "a program without being asked": (
        "import _posixsubprocess as p; p.fork_exec()",
        "starts no other program or process",
    ),
    "a program by what subprocess has kept": (
        "import subprocess; subprocess._fork_exec()",
        "starts no other program or process",
    ),
    "a program by loading anew what starts it": (
        "import sys; del sys.modules['_posixsubprocess']; import _posixsubprocess",
        "'_posixsubprocess' is refused",
    ),
    "a program by making anew what starts it": (
        "import _imp, importlib.machinery as m\n"
        "    _imp.create_builtin(m.ModuleSpec('posix', m.BuiltinImporter))",
        "an answer loads no module anew",
    ),
    "writing into memory": ("import ctypes", "needs no such module"),
    "another interpreter": (
        "try: import _interpreters as it\n    except ImportError: import _xxsubinterpreters as it",
        "needs no such module",
    ),
    "the network": ("import socket; socket.create_connection(('localhost', 9))", "no network"),
    "reading the finished pipeline again": (
        "import importlib, pipeline_kit.pipeline as p; importlib.reload(p)",
        "an answer opens no files",
    ),
    "reading the finished run again": (
        "import importlib, pipeline_kit.run as r; importlib.reload(r)",
        "an answer opens no files",
    ),
    "reading the finished pipeline by a roundabout path": (
        "import pipeline_kit as p; open(p.__path__[0] + '/./pipeline.py')",
        "an answer opens no files",
    ),
    "the finished workers": (
        "from pipeline_kit.workers import Crew; Crew()",
        "building a pipeline from channels and tasks",
    ),
    "importing a pattern after all": (
        "import sys; del sys.meta_path[0]; import pipeline_kit.patterns.retry",
        "an answer opens no files",
    ),
    "what is in memory": ("import gc; gc.get_objects()", "does not look into Python's memory"),
    "a great file": ("import os\n    while True: os.write(2, b'x' * 10**5)", "File too large"),
}


@pytest.mark.parametrize(("body", "sentence"), REFUSED.values(), ids=REFUSED)
def test_reaching_out_is_refused_with_a_sentence(body: str, sentence: str) -> None:
    source = f"async def odd(*world):\n    {body}"
    with Answer(source, "odd") as answer, pytest.raises(Unmet, match=sentence):
        answer.run(WORLD)


def test_an_answer_that_runs_the_solution_gets_nothing() -> None:
    report = grade_basic(
        "import json, pathlib, pipeline_kit\n"
        "root = pathlib.Path(pipeline_kit.__file__).parents[1]\n"
        "file = root / 'solutions' / 'ex01_basic_pipeline.ipynb'\n"
        "cells = json.loads(file.read_text())['cells']\n"
        "cell = next(c for c in cells if 'answer' in c['metadata'].get('tags', []))\n"
        "found = {}\n"
        "exec(''.join(cell['source']), found)\n"
        "await found['basic_pipeline'](source, stage1, stage2, stage3, sink)"
    )
    assert report.points == 0


def test_a_refusal_does_not_lead_to_what_could_be_changed_to_allow_it() -> None:
    source = f"""
async def odd(*world):
    try:
        open({str(SOLUTION)!r})
    except PermissionError as error:
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        for value in last.tb_frame.f_locals.values():
            if hasattr(value, "clear"):
                value.clear()
    import os
    os.mkdir("folder")
"""
    with Answer(source, "odd") as answer, pytest.raises(Unmet, match="an answer changes no files"):
        answer.run(WORLD)


def test_secrets_in_the_environment_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    source = "import os\nasync def odd(*world): raise ValueError(os.environ.get('TOKEN'))"
    with Answer(source, "odd") as answer, pytest.raises(Unmet) as unmet:
        answer.run(WORLD)
    assert "secret" not in unmet.value.message


def test_what_python_brings_along_can_be_imported() -> None:
    modules = "collections, concurrent.futures, contextlib, dataclasses, decimal, heapq, logging, "
    modules += "functools, queue, random, statistics, threading, types, typing, uuid, zoneinfo"
    source = f"import {modules}\nfrom pipeline_kit import Channel\nasync def good(*world): pass"
    with Answer(source, "good") as answer:
        assert answer.run(WORLD).ended.how == "returned"


def test_a_fence_cannot_be_taken_down_by_patching_its_module() -> None:
    source = f"""
from pipeline_kit.grading.student import confinement

confinement._REFUSED.clear()
confinement._readable = lambda: ("/",)

async def odd(*world):
    open({str(SOLUTION)!r})
"""
    with Answer(source, "odd") as answer, pytest.raises(Unmet, match="opens no files"):
        answer.run(WORLD)
