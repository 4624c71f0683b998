"""Answers that do odd things get the status that fits, and a sentence that a beginner can read."""

import sys

import pytest
from graded import grade_basic, grade_source

from pipeline_kit.grading.answer import Answer
from pipeline_kit.grading.display.report import as_html, as_text
from pipeline_kit.grading.status import Status, Unmet
from pipeline_kit.grading.worlds.world import World

WORLD = World(items=[1, 2, 3], work={"stage1": 1.0, "stage2": 1.0, "stage3": 1.0})

WORK = """
async def work():
    async for item in source:
        await sink.send(await stage3(await stage2(await stage1(item))))
"""
ODD = {
    "time.sleep": ("import time\ntime.sleep(5)", "use `await asyncio.sleep(…)`"),
    "asyncio.run inside": (
        "async def inner(): pass\ninner_one = inner()\ntry:\n    asyncio.run(inner_one)\n"
        "finally:\n    inner_one.close()",
        "a loop is running already",
    ),
    "run_until_complete inside": (
        "loop = asyncio.get_running_loop()\nloop.run_until_complete(asyncio.Event().wait())",
        "`await` the coroutine instead",
    ),
    "forgotten await": (
        "async for item in source: sink.send(item)",
        "sink.send was called without `await`, so it never ran",
    ),
    "forgotten await inside a call": (
        "async for item in source: await stage2(stage1(item))",
        "is an `await` missing before the call of stage1?",
    ),
    "forgotten await of its own function": (
        f"{WORK}work()\nsink.close()",
        "work was called without `await`, so it never ran",
    ),
    "await where none belongs": (
        "await sink.close()",
        "object NoneType can't be used in 'await' expression (that call is not to be awaited)",
    ),
    "a task that nobody waits for": (
        f"{WORK}asyncio.create_task(work())",
        "tasks that it had started were not done: wait for them",
    ),
    "a task that fails unseen": (
        "async def work(): 1 / 0\ntask = asyncio.create_task(work())\nawait asyncio.sleep(9)",
        "a task that nobody awaited had failed with ZeroDivisionError in line 4",
    ),
    "a task that fails unseen, and a deadlock": (
        "async def work(): 1 / 0\ntask = asyncio.create_task(work())\nawait asyncio.Event().wait()",
        "Before that, a task that nobody awaited had failed with ZeroDivisionError in line 4",
    ),
    "for instead of async for": ("for item in source: pass", "`async for`, not `for`"),
    "deep recursion": ("def f(n): return f(n + 1)\nf(1)", "a function calls itself without an end"),
    "input": ("input('how many workers?')", "nobody is there to answer an input()"),
    "a generator": ("yield 1", "there is a `yield` in basic_pipeline"),
    "sys.exit": ("import sys\nsys.exit(0)", "SystemExit in line 5: 0 (an answer returns"),
    "deadlock": ("await asyncio.Event().wait()", "nothing can go on"),
    "the finished Pipeline": (
        "from pipeline_kit import Pipeline, Stage\nPipeline(Stage(stage1))",
        "building a pipeline from channels and tasks",
    ),
    "its Run without it": (
        "from types import SimpleNamespace\nfrom pipeline_kit import Run, Stage\n"
        "Run(SimpleNamespace(stages=[Stage(stage1)], buffer=0, deadline=None), [])",
        "building a pipeline from channels and tasks",
    ),
    "a finished pattern": (
        "from pipeline_kit.patterns.retry import Retry\nRetry()",
        "about building the pattern yourself",
    ),
    "an unknown name": ("Queue()", "import or define there what it needs"),
    "a module of its own": (
        "import helpers",
        "No module named 'helpers' (an answer needs Python's",
    ),
    "a relative import": ("from . import helpers", "parent package (the answer cell is alone: def"),
    "an error that is its own cause": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise error from error",
        "raised ZeroDivisionError in line 5: division by zero",
    ),
    "a group of groups of groups": (
        "error = ValueError('deep')\n"
        "for _ in range(3000): error = ExceptionGroup('…', [error])\nraise error",
        "your code raised ValueError: deep",
    ),
    "an error that cannot be shown": (
        "class Odd(Exception):\n    def __str__(self): return self.gone\nraise Odd()",
        "raised Odd in line 6: (its message cannot be shown: AttributeError)",
    ),
    "an error with an endless name": ("raise type('E' * 10**6, (Exception,), {})", "raised EEEEE"),
    "calls without number that nobody awaits": (
        "async for item in source:\n    for _ in range(2000): stage1(item)",
        "stage1 was called without `await`, so it never ran",
    ),
    "a sleep without an end": ("await asyncio.sleep(float('inf'))", "nothing can go on"),
    "a sleep beyond all times": ("await asyncio.sleep(10**12)", "nothing can go on"),
    "a thread": (
        "import threading\nthreading.Thread(target=threading.Event().wait, name='spare').start()",
        "the thread 'spare' that your code had started was still running at the end",
    ),
    "one item at a time": ("item = next(source)", "(read it with `async for item in source`)"),
    "a sink that is taken for a list": (
        "sink.append(1)",
        "'Sink' object has no attribute 'append' (the sink has `send`, to be awaited, and `close`)",
    ),
    "breakpoint": ("breakpoint()", "nobody is there to talk to a debugger; print instead"),
    "pdb": ("import pdb\npdb.set_trace()\npass", "nobody is there to talk to a debugger"),
    "a queue that nobody empties": (
        "queue = asyncio.Queue()\nawait queue.put(1)\nawait queue.join()",
        "'basic_pipeline' waits in Event.wait on Event (unset) (line 6, in basic_pipeline)",
    ),
    "a lock that nobody releases": (
        "lock = asyncio.Lock()\nawait lock.acquire()\nawait lock.acquire()",
        "'basic_pipeline' waits in Lock.acquire on Lock (locked) (line 6, in basic_pipeline)",
    ),
    "an endless text": ("raise ValueError('x' * 10**5)", "ValueError in line 4: xxx"),
}


@pytest.mark.parametrize(("body", "sentence"), ODD.values(), ids=ODD)
def test_an_odd_answer_fails_with_a_sentence(body: str, sentence: str) -> None:
    report = grade_basic(body)
    assert report.status is Status.FAILED
    assert report.points == 0
    assert sentence in " ".join(as_text(report).split())
    assert len(as_text(report)) < 2_500
    assert "Traceback" not in as_text(report)


UNREADABLE = {
    "no colon": ("async for item in source\n    pass", "line 4 of the answer: expected ':'"),
    "no indent": ("async for item in source:\npass", "line 5 of the answer: expected an indented"),
    "a magic": ("%matplotlib inline", "line 4 of the answer: a line that begins with % or !"),
    "not async": (
        "def work():\n    await stage1(1)",
        "line 5 of the answer: 'await' outside async function (begin the function with `async def`",
    ),
}


@pytest.mark.parametrize(("body", "sentence"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_python_cannot_read_is_told_once_with_its_line(body: str, sentence: str) -> None:
    text = " ".join(as_text(grade_basic(body)).split())
    assert text.count(sentence) == 1
    assert "12 checks, all alike" in text


def test_an_answer_that_is_called_where_it_is_defined_is_told_to_only_define() -> None:
    source = "async def basic_pipeline(*given): pass\nawait basic_pipeline()"
    text = " ".join(as_text(grade_source("ex01_basic_pipeline", source)).split())
    assert "run it in another cell: the answer is only to define" in text


@pytest.mark.parametrize(
    "arguments", ["source, sink", "source, stage1, stage2, stage3, sink, more"]
)
def test_a_function_that_takes_other_arguments_is_told_so(arguments: str) -> None:
    source = f"async def basic_pipeline({arguments}): pass"
    text = " ".join(as_text(grade_source("ex01_basic_pipeline", source)).split())
    assert "basic_pipeline does not take what the exercise gives it" in text
    assert "let its first line be as it was" in text


def test_what_python_cannot_read_is_told_without_a_hint() -> None:
    text = as_text(grade_source("ex06_rate_limiting", "async def pipeline_with_rate_limiting(:"))
    assert "cannot read line 1" in text
    assert "Hint" not in text


def test_work_in_a_thread_of_asyncio_is_waited_for() -> None:
    source = "import asyncio\nasync def odd(*world): await asyncio.to_thread(sum, [1, 2])"
    with Answer(source, "odd") as answer:
        assert answer.run(WORLD).ended.threads == []
        assert answer.run(WORLD).ended.how == "returned"


def test_a_plain_function_is_told_to_be_async() -> None:
    report = grade_source("ex01_basic_pipeline", "def basic_pipeline(*given): pass")
    assert "basic_pipeline is a plain function; begin it with `async def`" in as_text(report)


def test_an_error_of_the_answer_is_not_taken_for_one_of_the_stage_that_was_to_fail() -> None:
    text = as_text(grade_basic("async for item in source: item.upper()"))
    assert "12 checks, all alike" in text
    assert "never reached the caller" not in text


def test_tasks_that_wait_are_described_without_addresses_and_numbers() -> None:
    body = (
        "queue, empty = asyncio.Queue(1), asyncio.Queue()\n"
        "async def put():\n    while True: await queue.put(1)\n"
        "task = asyncio.create_task(put())\n"
        "await empty.get()"
    )
    text = " ".join(as_text(grade_basic(body)).split())
    assert "a task waits in Queue.put on a full Queue (maxsize 1) (line 6, in put)" in text
    assert "'basic_pipeline' waits in Queue.get on an empty Queue (line 8, in" in text


def test_polling_for_what_never_comes_is_stopped() -> None:
    report = grade_basic("while True: await asyncio.sleep(1)")
    assert report.status is Status.TIMEOUT
    text = " ".join(as_text(report).split())
    assert "does a task poll, or wait, for something that never comes?" in text


def test_an_endless_run_names_who_waits_while_another_task_goes_on() -> None:
    body = (
        "empty = asyncio.Queue()\n"
        "async def tick():\n    while True: await asyncio.sleep(1)\n"
        "task = asyncio.create_task(tick())\n"
        "await empty.get()"
    )
    text = " ".join(as_text(grade_basic(body)).split())
    assert "'basic_pipeline' waits in Queue.get on an empty Queue (line 8, in" in text


def test_a_syntax_error_is_told_once_with_its_line() -> None:
    report = grade_source("ex01_basic_pipeline", "async def basic_pipeline(:\n    pass")
    text = as_text(report)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert text.count(f"Python {version} cannot read line 1 of the answer") == 1
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("source", "sentence"),
    [("", "there is no answer"), ("async def another(): pass", "no function basic_pipeline")],
)
def test_a_missing_answer_is_said_to_be_missing(source: str, sentence: str) -> None:
    assert sentence in as_text(grade_source("ex01_basic_pipeline", source))


def test_an_exception_is_told_with_its_line() -> None:
    assert "raised ZeroDivisionError in line 5" in as_text(grade_basic("number = 0\n1 / number"))


def run_odd(body: str, time_limit: float = 1.0) -> Unmet:
    source = f"async def odd(*world):\n    {body}"
    with Answer(source, "odd", time_limit=time_limit) as answer, pytest.raises(Unmet) as unmet:
        answer.run(WORLD)
    return unmet.value


def test_an_endless_loop_is_stopped_and_its_line_named() -> None:
    unmet = run_odd("while True: pass")
    assert unmet.status is Status.TIMEOUT
    assert "line 2 (`while True: pass`)" in unmet.message


def test_a_call_that_blocks_is_stopped() -> None:
    assert run_odd("import select; select.select([], [], [], 60)").status is Status.TIMEOUT


def test_a_run_that_gets_little_of_the_processor_has_more_time() -> None:
    source = """
import select, time

async def odd(source, stage1, stage2, stage3, sink):
    for _ in range(20):
        begun = time.process_time()
        while time.process_time() < begun + 0.01:
            pass
        select.select([], [], [], 0.07)
"""
    with Answer(source, "odd", time_limit=1.0) as answer:
        assert answer.run(WORLD).ended.how == "returned"


def test_an_endless_loop_of_empty_awaits_is_stopped() -> None:
    unmet = run_odd("import asyncio\n    while True: await asyncio.sleep(0)")
    assert unmet.status is Status.TIMEOUT
    assert "line 3 (`while True: await asyncio.sleep(0)`)" in unmet.message


@pytest.mark.parametrize(
    "body",
    [
        "hoard = []\n    while True: hoard.append(bytearray(10**7))",
        "hoard = bytearray(10**10)",
    ],
)
def test_a_memory_hog_is_stopped(body: str) -> None:
    assert run_odd(body, time_limit=10.0).status is Status.MEMORY


@pytest.mark.parametrize(
    "body",
    [
        "import os; os._exit(0)",
        "import os; os.abort()",
        "import os; os.closerange(0, 100)",
    ],
)
def test_a_process_that_is_gone_is_a_crash(body: str) -> None:
    assert run_odd(body).status is Status.CRASHED


def test_what_an_answer_prints_is_kept_within_bounds() -> None:
    source = "async def chatty(*world):\n    for n in range(100_000): print('so far', n)"
    with Answer(source, "chatty") as answer:
        printed = answer.run(WORLD).ended.printed
    assert printed.startswith("so far 0\n")
    assert "more characters" in printed
    assert len(printed) < 3_000


def test_a_run_that_is_lost_costs_only_itself() -> None:
    source = "import os\n\nasync def moody(source, *rest):\n    if await anext(source): os._exit(1)"
    with Answer(source, "moody") as answer:
        for items, is_fine in ([1], False), ([0], True), ([1], False), ([0], True):
            work = {"stage1": 1.0}
            if is_fine:
                assert answer.run(World(items=items, work=work)).ended.how == "returned"
            else:
                with pytest.raises(Unmet):
                    answer.run(World(items=items, work=work))


def test_after_three_lost_runs_in_a_row_no_more_are_tried() -> None:
    with Answer("import os\nos._exit(1)", "hopeless") as answer:
        for _ in range(3):
            with pytest.raises(Unmet, match="whole Python process"):
                answer.run(WORLD)
        with pytest.raises(Unmet, match="three runs before it had to be stopped"):
            answer.run(WORLD)


def test_what_an_answer_starts_is_killed_with_it() -> None:
    source = (
        "import subprocess, sys\n\n"
        "async def parent(source, *rest):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "    await rest[-1].send(child.pid)\n"
        "    while True: pass\n"
    )
    import psutil

    before = set(psutil.pids())
    with Answer(source, "parent", time_limit=1.0) as answer, pytest.raises(Unmet):
        answer.run(WORLD)
    left = [p for p in psutil.process_iter(["cmdline"]) if p.pid not in before]
    assert not [p for p in left if "time.sleep(60)" in " ".join(p.info["cmdline"] or [])]


def test_the_report_escapes_what_the_answer_says() -> None:
    report = grade_basic("raise ValueError('<script>alert(1)</script>')")
    assert "<script>" not in as_html(report)
    assert "&lt;script&gt;" in as_html(report)


def test_a_task_that_was_cancelled_but_not_waited_for_is_not_left() -> None:
    source = (
        "import asyncio\n\nasync def hasty(*world):\n"
        "    helper = asyncio.create_task(asyncio.sleep(9))\n"
        "    await asyncio.sleep(1)\n    helper.cancel()\n"
    )
    with Answer(source, "hasty") as answer:
        assert answer.run(WORLD).ended.tasks == []
    with Answer(source.replace("    helper.cancel()\n", ""), "hasty") as answer:
        assert "in sleep" in answer.run(WORLD).ended.tasks[0]


def test_what_cannot_be_shown_is_spelt_out() -> None:
    text = as_text(grade_basic(r"raise ValueError('up \x1b[2A and \ud800 down')"))
    assert r"ValueError in line 4: up \x1b[2A and \ud800 down" in " ".join(text.split())


def test_after_three_runs_that_crashed_the_rest_is_said_to_have_crashed_too() -> None:
    report = grade_basic("import os\nos._exit(0)")
    assert {verdict.status for verdict in report.verdicts} == {Status.CRASHED}
