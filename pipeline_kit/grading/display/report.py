"""The verdict on an answer as text and as HTML: what holds, what does not, and what may help."""

import re
import textwrap
from collections.abc import Iterator
from html import escape

from pipeline_kit.grading.display.excerpt import excerpt
from pipeline_kit.grading.explain import UNREADABLE
from pipeline_kit.grading.status import Status
from pipeline_kit.grading.verdicts import Report, Verdict

_WIDTH = 88
_GOOD, _BAD, _QUIET = "#009E73", "#D55E00", "#767676"  # legible on a light and on a dark page


def headline(report: Report) -> str:
    """Return the verdict in one line."""
    return f"Exercise {report.exercise.number}, {report.exercise.title}: {score(report)}"


def score(report: Report) -> str:
    """Return status and points, such as `failed, 6.5 of 10 points`."""
    if report.status is Status.GRADER_ERROR:
        return "grader error, which is not your fault and not a grade"
    points = f"{report.points:g} of {report.most_points:g} points"
    if report.exercise.hidden_points and not any(v.check.hidden for v in report.verdicts):
        more = f"{report.exercise.hidden_points:g} more are given by checks that are not shown"
        return f"public checks {report.status}, {points}; {more}"
    return f"{report.status}, {points}"


def as_text(report: Report) -> str:
    """Return the report as plain text: the headline, what failed, and how much holds."""
    return "\n".join([headline(report), *problems(report)])


def problems(report: Report) -> Iterator[str]:
    """Yield the lines of a report that follow its headline."""
    held = [v for v in report.verdicts if v.status is Status.PASSED]
    if report.status is Status.NOT_ATTEMPTED:
        yield f"  {report.verdicts[0].message}"
        return
    if report.status is not Status.PASSED and held:
        yield f"  {len(held)} of {len(report.verdicts)} checks hold."
    for verdicts in _alike(report):
        yield from _lines(verdicts)
    if more := _more_to_try(report):
        yield from _wrapped(more)


def as_html(report: Report) -> str:
    """Return the report as HTML: every claim, and beneath it what happened instead."""
    status = _span(score(report), _GOOD if report.status is Status.PASSED else _BAD)
    title = f"Exercise {report.exercise.number}, {escape(report.exercise.title)}"
    alike = {id(v): group for group in _alike(report) for v in group}
    rows = "".join(_row(verdict, alike.get(id(verdict), [])) for verdict in report.verdicts)
    if report.status is Status.NOT_ATTEMPTED:
        rows = f"<li>{escape(report.verdicts[0].message)}</li>"
    more = f"<div>{code_as_html(_more_to_try(report))}</div>"
    return (
        f'<div style="max-width: 50em; line-height: 1.45"><b>{title}: {status}</b>'
        f'<ul style="list-style: none; padding-left: 0.5em; margin: 0.4em 0">{rows}</ul>'
        f"{more}</div>"
    )


def _more_to_try(report: Report) -> str:
    """Return the extension of an exercise that has been passed, or ""."""
    if report.status is not Status.PASSED or not report.exercise.extension:
        return ""
    return f"To go on, for no points: {report.exercise.extension}"


def _alike(report: Report) -> list[list[Verdict]]:
    """Put together the failed checks that have the same to say."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        if verdict.status is not Status.PASSED:
            groups.setdefault(_TIME.sub("", verdict.message), []).append(verdict)
    return list(groups.values())


_TIME = re.compile(r"^at \S+ s (?=your code raised)")
"""When an exception was raised does not make it another one."""


def _lines(verdicts: list[Verdict]) -> Iterator[str]:
    first = verdicts[0]
    lost = sum(verdict.check.points for verdict in verdicts)
    claim = first.check.claim if len(verdicts) == 1 else f"{len(verdicts)} checks, all alike:"
    state = "" if first.status is Status.FAILED else f"[{first.status}] "
    yield f"  ✕ {state}{claim} (0 of {lost:g})"
    yield from _wrapped(first.message)
    if first.trace and first.at:
        yield from (f"      {line}" for line in excerpt(first.trace, first.at))
    if _hint_helps(first, verdicts):
        yield from _wrapped(f"Hint: {first.check.hint}")


def _hint_helps(verdict: Verdict, alike: list[Verdict]) -> bool:
    """Whether the hint fits: not to what keeps all checks from holding, such as a syntax error."""
    if len(alike) > 1 or verdict.message.startswith(UNREADABLE):
        return False
    return verdict.status in (Status.FAILED, Status.TIMEOUT) and not verdict.waits


def _wrapped(text: str) -> Iterator[str]:
    for line in text.splitlines():
        indent = 6 + len(line) - len(line.lstrip())
        later = " " * indent
        yield from textwrap.wrap(
            line.strip(), _WIDTH, initial_indent=later, subsequent_indent=later
        )


def _row(verdict: Verdict, alike: list[Verdict]) -> str:
    """Return a list item; what several checks say alike is said at the first of them only."""
    check = verdict.check
    if verdict.status is Status.PASSED:
        claim, points = code_as_html(check.claim), _quiet(f"{check.points:g}")
        return f"<li>{_span('✓', _GOOD)} {claim} {points}</li>"
    state = "" if verdict.status is Status.FAILED else f"{verdict.status}: "
    message = code_as_html(state + verdict.message).replace("\n    ", "<br>&emsp;")
    mark = _quiet("–") if verdict.waits else _span("✕", _BAD)
    lost = _quiet(f"0 of {check.points:g}")
    hint = (
        f"<br>{_quiet('Hint:')} {code_as_html(check.hint)}" if _hint_helps(verdict, alike) else ""
    )
    if verdict is not alike[0]:
        message = _quiet("as above")
    return (
        f"<li>{mark} <b>{code_as_html(check.claim)}</b> {lost}"
        f'<div style="margin: 0 0 0.4em 1.4em">{message}{hint}</div></li>'
    )


def code_as_html(text: str) -> str:
    """Return `text` as HTML, with what stands between backquotes set as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))


def _span(text: str, colour: str) -> str:
    return f'<span style="color: {colour}; font-weight: bold">{escape(text)}</span>'


def _quiet(text: str) -> str:
    return f'<span style="color: {_QUIET}">{escape(text)}</span>'
