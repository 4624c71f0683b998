"""Reads what comes from the student's process, without trust: every field is checked.

The first thing that does not fit ends the run as `TamperedError`.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, cast, get_args

from pipeline_kit.grading.process.protocol import Ask, Ended, Fault, Order, Request, RequestKind


class TamperedError(Exception):
    """Raised when the student's process says something that the runner never says."""


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


def check_numbers(requests: Sequence[Request], after: int) -> int:
    """Return the highest number of a request yet; each has to be higher than those before it.

    Raises:
        TamperedError: one is not, as if it were another request once more.
    """
    for request in requests:
        _check(request.id > after, "a request has the number of another")
        after = request.id
    return after


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
    fields = {field.name for field in dataclasses.fields(Ended)}
    _check(isinstance(given, dict) and set(given) == fields, "the end is not told as it should be")
    _check(given["how"] in ("returned", "raised", "cancelled", "stopped"), "no such end")
    _check(_is_whole(given["timers"]), "the number of timers is no number")
    fault = None if given["fault"] is None else _fault(given["fault"])
    return Ended(
        given["how"],
        _requests(given["requests"], order),
        fault,
        _texts(given["tasks"]),
        _texts(given["never_awaited"]),
        _text(given["printed"]),
        given["returned"],
        _texts(given["threads"]),
        given["timers"],
        _texts(given["lost"]),
    )


def _fault(given: Any) -> Fault:
    fields = {"type", "message", "line", "causes"}
    _check(isinstance(given, dict) and set(given) == fields, "the error is not told as it should")
    _check(_is_whole(given["line"]), "the line is no number")
    causes = _texts(given["causes"])
    return Fault(_text(given["type"]), _text(given["message"]), given["line"], causes)


def _texts(given: Any) -> list[str]:
    _check(isinstance(given, list), "there should be a list of texts")
    return [_text(text) for text in given]


def _text(given: Any) -> str:
    """Return a text as it can be shown: what would steer a terminal is spelt out."""
    _check(isinstance(given, str), "there should be a text")
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in given
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TamperedError(otherwise)
