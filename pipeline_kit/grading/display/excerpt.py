"""The last of a run before a moment, drawn in text: the picture for where there are no pictures.

    source     0        1                 2        3                 4
    stage1     0════════1════════         2════════3════════         4════════
    stage2              0═════════════════         1═════════════════         2
    sink                                  0                          1
               0 s                                                         4 s

A number is an item, `═` is work, `✕` its failure or cancellation. Where items pile up, a line
counts those that wait.
"""

from collections.abc import Iterable, Iterator, Sequence

from pipeline_kit.trace import SINK, SOURCE, Kind, Span, StageShape, Trace

_WIDTH = 60
_INSTANTS = 8
"""How many instants at which something happened are drawn."""


def excerpt(trace: Trace, at: float) -> Iterator[str]:
    """Yield the lines of a drawing of the last of `trace` up to `at`, in virtual seconds."""
    times = sorted({event.time for event in trace.events if event.time <= at})
    window = _Window(times[-_INSTANTS] if len(times) > _INSTANTS else 0.0, at)
    yield _line(SOURCE, window.marks(_happened(trace, SOURCE, "finished")))
    for shape in trace.stages:
        depth = trace.depth(shape.name)
        changes = [*zip(depth.times, depth.values, strict=True)]
        if any(value > 1 for time, value in changes if window.start <= time <= at):
            yield _line(" waiting", window.marks((time, f"{value:g}") for time, value in changes))
        yield from _lanes(trace, shape, window)
    yield _line("", f"{f'{window.start:g} s':{_WIDTH - 6}}{f'{at:g} s':>6}")


class _Window:
    """The stretch of time that is drawn, and how it is spread over the columns."""

    def __init__(self, start: float, end: float) -> None:
        self.start, self.end = start, end

    def marks(self, what: Iterable[tuple[float, str]]) -> str:
        """Return a line with a text at each time; of several in one place, the first and last."""
        texts: dict[int, list[str]] = {}
        for time, text in what:
            if self.start <= time <= self.end:
                texts.setdefault(self._column(time), []).append(text)
        line = ""
        for column in sorted(texts):
            first, last = texts[column][0], texts[column][-1]
            line = line.ljust(column) + (first if first == last else f"{first}…{last}")
        return line

    def bars(self, spans: Iterable[Span], lost: Sequence[float]) -> str:
        """Return a line with a bar for each span, led by its item's number.

        Args:
            spans: what to draw, in order of time.
            lost: when work ended in a failure or a cancellation.
        """
        line = ""
        for span in spans:
            if span.start <= self.end and span.end > self.start:
                line = line.ljust(self._column(max(span.start, self.start))) + str(span.item)
                line = line.ljust(self._column(min(span.end, self.end)), "═")
                failed = span.end in lost and span.start < span.end  # what took no time did not
                line += "✕" * (failed and span.end <= self.end)
        return line

    def _column(self, time: float) -> int:
        return round((time - self.start) / ((self.end - self.start) or 1.0) * (_WIDTH - 1))


def _lanes(trace: Trace, shape: StageShape, window: _Window) -> Iterator[str]:
    """Yield a line for the sink, or for each worker of a stage."""
    if shape.name == SINK:
        yield _line(SINK, window.marks(_happened(trace, SINK, "started")))
        return
    for worker in range(shape.workers):
        work = [span for span in trace.lane(shape.name, worker) if span.state == "working"]
        lost = [e.time for e in trace.of(shape.name, "failed") if e.worker == worker]
        name = f"{shape.name} {worker}" if shape.workers > 1 else shape.name
        yield _line(name, window.bars(work, lost))


def _happened(trace: Trace, stage: str, kind: Kind) -> list[tuple[float, str]]:
    return [(event.time, str(event.item)) for event in trace.of(stage, kind)]


def _line(name: str, drawing: str) -> str:
    return f"{name:<10.10} {drawing}".rstrip()
