"""What the grader and the student's process may say to each other: JSON, a line each.

    grader ──▶ student    {"order": {"source": "async def …", "function": "basic_pipeline", …}}
    grader ◀── student    {"ask": [[1, "next"], [2, "work", "stage1", 17]], "timer": null}
    grader ──▶ student    {"now": 2.0, "results": [[1, "value", 5], [2, "error", "…"]], …}
    grader ──▶ student    {"stop": "deadlock"}
    grader ◀── student    {"ended": {"how": "returned", …}}

Whatever comes from the student's process is taken for hostile: every field is checked here, and
the first thing that does not fit ends the run as `TamperedError`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, cast, get_args

LONGEST_LINE = 100_000
"""Characters in the longest line that is accepted from the student's process."""

RequestKind = Literal["next", "hear", "work", "send", "close", "tell", "report", "abandon"]


class TamperedError(Exception):
    """Raised when the student's process says something that the runner never says."""


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
    lost: list[str] = field(default_factory=list)
    """Errors of tasks that nobody awaited, each with its line."""


def encode(kind: str, content: object) -> bytes:
    """Return the line that says `content`."""
    return json.dumps({kind: content}).encode() + b"\n"


def encode_reply(reply: Reply | Stop) -> bytes:
    """Return the line for a reply."""
    return json.dumps(asdict(reply)).encode() + b"\n"


def parse(line: bytes, order: Order) -> Ask | Ended:
    """Read a line from the student's process.

    Args:
        line: the line, without trust.
        order: what the process is at work on, which says what may be asked for.

    Raises:
        TamperedError: the runner would not have written this.
    """
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise TamperedError("it is not JSON") from error
    _check(isinstance(message, dict), "it is not an object")
    if set(message) == {"ask", "timer"}:
        timer = message["timer"]
        _check(timer is None or (_is_number(timer) and 0 <= timer < 1e9), "the timer is no time")
        return Ask(_requests(message["ask"], order), timer)
    _check(set(message) == {"ended"}, "it has other fields than a message has")
    return _ended(message["ended"], order)


def _requests(given: Any, order: Order) -> list[Request]:
    _check(isinstance(given, list), "the requests are not a list")
    return [_request(request, order) for request in given]


def _request(given: Any, order: Order) -> Request:
    _check(isinstance(given, list) and len(given) == 4, "a request has not four parts")
    number, kind, stage, value = given
    _check(_is_whole(number) and number > 0 and _is_whole(value), "a request has a wrong number")
    _check(kind in get_args(RequestKind), "a request is of no known kind")
    _check(stage in order.names(kind), "a request names what is not there")
    return Request(number, cast(RequestKind, kind), stage, value)


def _ended(given: Any, order: Order) -> Ended:
    fields = {"how", "requests", "fault", "tasks", "never_awaited", "printed", "returned", "lost"}
    _check(isinstance(given, dict) and set(given) == fields, "the end is not told as it should be")
    _check(given["how"] in ("returned", "raised", "cancelled", "stopped"), "no such end")
    _check(isinstance(given["printed"], str), "what was printed is no text")
    fault = None if given["fault"] is None else _fault(given["fault"])
    return Ended(
        given["how"],
        _requests(given["requests"], order),
        fault,
        _texts(given["tasks"]),
        _texts(given["never_awaited"]),
        given["printed"],
        given["returned"],
        _texts(given["lost"]),
    )


def _fault(given: Any) -> Fault:
    fields = {"type", "message", "line", "causes"}
    _check(isinstance(given, dict) and set(given) == fields, "the error is not told as it should")
    _check(isinstance(given["type"], str) and isinstance(given["message"], str), "an error of what")
    _check(_is_whole(given["line"]), "the line is no number")
    return Fault(given["type"], given["message"], given["line"], _texts(given["causes"]))


def _texts(given: Any) -> list[str]:
    fine = isinstance(given, list) and all(isinstance(text, str) for text in given)
    _check(fine, "there should be a list of texts")
    return cast(list[str], given)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TamperedError(otherwise)
