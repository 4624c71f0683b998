"""Workers by kind of work: where to run a stage's function, and how many workers it needs.

    the function            where                        workers
    waits and is async      on the event loop            U · (1 + W/C)
    waits and is plain      in threads                   U · (1 + W/C)
    computes                in processes                 N + 1
    is over in no time      on the event loop            1
    needs more than this machine: see below

    advice = await recommend(fetch, urls[:10])
    print(advice)
    with advice.make_executor() as executor:
        stage = Stage(fetch, workers=advice.workers, executor=executor)

W is the time that a call waits for others (a disk, a server), C the time that it computes, N the
number of processor cores, U the share of them that this stage may use. The formulas are those of
Goetz et al., "Java Concurrency in Practice", 2006, section 8.2: N + 1 for what only computes, and
N · U · (1 + W/C) for what waits as well. In Python only one thread computes at a time, so for
threads and for the event loop N is 1, unless the interpreter runs without its global lock.

All of it is measured on the real clock: in virtual time, computing takes no time.

A stage outgrows one machine the same way as one process, by its executor. For a Dask cluster:

    client = distributed.Client("tcp://scheduler:8786")
    stage = Stage(simulate, workers=64, executor=client.get_executor())

What a worker machine was at when it died, the cluster gives to another one.

Not for tuning to the last percent: the advice is where to begin, the metrics of a run decide.
"""

import asyncio
import os
import sys
from collections.abc import Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from time import perf_counter, thread_time
from types import CoroutineType
from typing import Any, Literal

from pipeline_kit.layer import Function, is_async
from pipeline_kit.whole_numbers import check_whole

Place = Literal["event loop", "threads", "processes"]

HOP = 0.0005
"""Seconds: for calls shorter than this, the way to another thread or process and back is longer."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Where to run a function, with how many workers, and why."""

    place: Place
    """On the event loop, in threads, or in processes."""
    workers: int
    """How many items to work on at the same time."""
    waited: float
    """Seconds that a call waited on average: W."""
    computed: float
    """Seconds that a call computed on average: C."""
    reason: str
    """Why, in a sentence."""

    @property
    def share_of_waiting(self) -> float:
        """The part of a call's time that it waited, from 0 to 1."""
        total = self.waited + self.computed
        return self.waited / total if total else 0.0

    def make_executor(self) -> AbstractContextManager[Executor | None]:
        """Return an executor for that many workers, to be used in a `with`; None on the loop."""
        if self.place == "threads":
            return ThreadPoolExecutor(self.workers)
        if self.place == "processes":
            return ProcessPoolExecutor(self.workers)
        return nullcontext()

    def __str__(self) -> str:
        workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
        where = "on the event loop" if self.place == "event loop" else f"in {self.place}"
        return f"{workers} {where}: {self.reason}"


async def recommend(
    function: Function,
    sample_items: Iterable[Any],
    *,
    cores: int | None = None,
    utilisation: float = 1.0,
    max_workers: int = 100,
) -> Recommendation:
    """Call `function` with each of `sample_items`, and say where to run it, with how many workers.

    The calls are made for real, one after the other. If there are several, the first only warms
    up. Nothing else should run meanwhile: its computing would be counted as the function's.

    Args:
        function: what the stage is to call; plain or async.
        sample_items: typical items; ten say more than one.
        cores: N, by default those that this process may use.
        utilisation: U, the share of the cores that the stage may use, above 0, at most 1.
        max_workers: the most workers to recommend.

    Raises:
        Exception: whatever `function` raises.
        TypeError: `function` is not callable, or is plain and returns a coroutine.
        ValueError: there are no items, or a number is out of its range.
    """
    if not callable(function):
        raise TypeError(f"function must be callable with one item, got {function!r}")
    if cores is not None:
        check_whole("cores", cores, remedy="None counts them")
    if not 0 < utilisation <= 1:
        raise ValueError(f"utilisation must be above 0 and at most 1, got {utilisation!r}")
    check_whole("max_workers", max_workers)
    calls = await _measure(function, list(sample_items))
    wall = sum(wall for wall, _ in calls) / len(calls)
    computed = min(sum(cpu for _, cpu in calls) / len(calls), wall)
    waited = wall - computed
    place, reason = _place(waited, computed, is_async=is_async(function))
    workers = _workers(place, waited, computed, cores or _cores(), utilisation, max_workers)
    return Recommendation(place, workers, waited, computed, reason)


async def _measure(function: Function, items: list[Any]) -> list[tuple[float, float]]:
    """Return the seconds that each call took, and those of them that it computed."""
    if not items:
        raise ValueError("sample_items must be one item or more, got none")
    calls = []
    for item in items:
        if is_async(function):
            began, cpu = perf_counter(), thread_time()
            await function(item)
            calls.append((perf_counter() - began, thread_time() - cpu))
        else:
            calls.append(await asyncio.to_thread(_measure_plain, function, item))
    return calls[1:] or calls


def _measure_plain(function: Function, item: Any) -> tuple[float, float]:
    began, cpu = perf_counter(), thread_time()
    result = function(item)
    if isinstance(result, CoroutineType):  # of which nothing has been measured
        result.close()
        raise TypeError(f"{function!r} returns a coroutine: pass the async function itself")
    return perf_counter() - began, thread_time() - cpu


def _place(waited: float, computed: float, *, is_async: bool) -> tuple[Place, str]:
    times = f"a call waits {waited * 1e3:.3g} ms and computes {computed * 1e3:.3g} ms"
    computes = computed >= waited
    if is_async and computes and computed >= HOP:
        return "event loop", f"{times}, and so holds up all others: make it plain, for processes"
    if is_async:
        return "event loop", f"{times}; while it waits, others run"
    if waited + computed < HOP:
        return "event loop", f"{times}: the way to a thread or process would take longer"
    if not computes:
        return "threads", f"{times}; while it waits, other threads run"
    if _has_gil():
        return "processes", f"{times}, and only one thread computes at a time"
    return "threads", f"{times}, and without a global lock threads compute at the same time"


def _workers(
    place: Place, waited: float, computed: float, cores: int, utilisation: float, most: int
) -> int:
    if place == "event loop" and waited + computed < HOP:
        return 1
    if place != "event loop" and computed >= waited:
        return min(max(1, round(cores * utilisation)) + 1, most)
    at_once = cores if place == "threads" and not _has_gil() else 1
    if computed == 0:
        return most
    # First the bound, then whole numbers: a share of next to nothing makes an infinity.
    return max(1, round(min(at_once * utilisation * (1 + waited / computed), most)))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _has_gil() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())
