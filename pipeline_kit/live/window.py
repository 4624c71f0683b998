"""The window over which a picture counts throughput: wide enough to be calm, and no wider."""

import math
from collections import Counter
from itertools import pairwise

from pipeline_kit.trace import SINK, Trace


def window_for(trace: Trace, end: float) -> float:
    """Return how many seconds to count the results of a run over, on an axis that goes up to `end`.

    If results come regularly, it is a whole number of the times between them. A steady run has a
    level line then; over 10 s, one result every 3 s would look like 0.3 and 0.4 a second in turn.
    """
    window = nice_window(end)
    times = sorted(set(trace.completions(SINK))) if trace.stages else []
    gaps = Counter(round(later - earlier, 9) for earlier, later in pairwise(times))
    gap, how_often = max(gaps.items(), key=lambda entry: entry[1], default=(0.0, 0))
    is_regular = gap <= window and 2 * how_often > len(times)
    return round(gap * round(window / gap), 9) if is_regular else window


def nice_window(end: float) -> float:
    """Return about a fifth of `end`, in seconds: 1, 2 or 5 times a power of ten."""
    if end <= 0:
        return 1.0  # a run without a delay takes no virtual time, and that is no rate
    rough = end / 5
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
