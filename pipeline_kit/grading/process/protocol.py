"""What the grader and the student's process may say to each other: JSON, a line each.

    grader ──▶ student    {"order": {"source": "async def …", "function": "basic_pipeline", …}}
    grader ◀── student    {"ask": [[1, "next"], [2, "work", "stage1", 17]], "timer": null}
    grader ──▶ student    {"now": 2.0, "results": [[1, "value", 5], [2, "error", "…"]], …}
    grader ──▶ student    {"stop": "deadlock"}
    grader ◀── student    {"ended": {"how": "returned", …}}

Whatever comes from the student's process is taken for hostile: `distrust` reads it.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

LONGEST_LINE = 100_000
"""Characters in the longest line that is accepted from the student's process."""

RequestKind = Literal["next", "hear", "work", "send", "close", "tell", "report", "abandon"]


@dataclass(frozen=True, slots=True)
class Request:
    """One thing the answer asks the world for."""

    id: int
    kind: RequestKind
    stage: str = ""
    """Which stage is to work, which stream to hear, or by which signal to tell.
    For `report`, what failed: a stage, or `"timeout"`; for `close`, `"errors"` or the sink."""
    value: int = 0
    """What to work on, to send or to tell; for `abandon`, the id of the request given up."""


@dataclass(frozen=True, slots=True)
class Ask:
    """All requests of one instant, sent when no task of the answer can go on."""

    requests: list[Request]
    timer: float | None
    """When the next timer of the answer is due (`asyncio.sleep`), in virtual seconds."""


@dataclass(slots=True)
class Reply:
    """The next instant, and what happens at it."""

    now: float
    results: list[tuple[object, ...]]
    """For each request that is granted: its id, `"value"`, `"end"` or `"error"`, and the value."""
    cancel: bool = False
    """Whether the answer is cancelled from outside."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing more will happen in this run."""

    stop: Literal["deadlock", "endless"]


@dataclass(frozen=True, slots=True)
class Order:
    """What the student's process is to run."""

    source: str
    """The code of the answer."""
    function: str
    """Name of the function it defines."""
    stages: list[str]
    arguments: dict[str, Any]
    """Further arguments, by name."""
    patience: float
    """Seconds of real time after which to note where the answer is."""
    streams: list[str] = field(default_factory=list)
    """Names of further sources, which are arguments too."""
    signals: list[str] = field(default_factory=list)
    """Names of functions by which the answer tells something; they are arguments too."""
    errors: bool = False
    """Whether there is a second sink, `errors`, for what has failed; it is an argument too."""

    schedule: int | None = None
    """Seed of the order in which tasks that are ready take turns; None for asyncio's own."""

    def names(self, kind: str) -> list[str]:
        """Return what a request of this kind may name; `""` where it names nothing."""
        named = {
            "work": self.stages,
            "hear": self.streams,
            "tell": self.signals,
            "report": [*self.stages, "timeout", ""] if self.errors else [],
            "close": ["", *(["errors"] if self.errors else [])],
        }
        return named.get(kind, [""])


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception of the answer."""

    type: str
    message: str
    line: int = 0
    """Line of the answer at which it was raised; 0 if in none."""
    causes: list[str] = field(default_factory=list)
    """The messages of the exception, its causes and, for a group, its members."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, as the student's process tells it."""

    how: Literal["returned", "raised", "cancelled", "stopped"]
    requests: list[Request] = field(default_factory=list)
    """What was asked for since the last `Ask`."""
    fault: Fault | None = None
    tasks: list[str] = field(default_factory=list)
    """Tasks that were left, or that waited when the run was stopped, each with its place."""
    never_awaited: list[str] = field(default_factory=list)
    """Coroutines that nobody awaited."""
    printed: str = ""
    returned: object = None
    """What the answer returned, if JSON can say it: numbers, texts, lists and dictionaries."""
    threads: list[str] = field(default_factory=list)
    """Names of threads that go on, and would go on in the next run."""
    timers: int = 0
    """How many timers of the loop (`call_later`) were still to go off when the answer was over."""
    lost: list[str] = field(default_factory=list)
    """Errors of tasks that nobody awaited, each with its line."""


def encode(kind: str, content: object) -> bytes:
    """Return the line that says `content`."""
    return json.dumps({kind: content}).encode() + b"\n"


def encode_reply(reply: Reply | Stop) -> bytes:
    """Return the line for a reply."""
    if isinstance(reply, Stop):
        message: dict[str, object] = {"stop": reply.stop}
    else:  # in place of `asdict`, which copies all results, and this is said a hundred times a run
        message = {"now": reply.now, "results": reply.results, "cancel": reply.cancel}
    return json.dumps(message).encode() + b"\n"
