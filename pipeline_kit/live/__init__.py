"""What people look at: pictures of runs, in virtual time and live.

- `explore(make, …)`: sliders; each move simulates the whole run again in virtual time.
- `compare(make_a, make_b, …)`: the same items with and without a change, two runs side by side.
- `watch(make, …)`: the same pipeline running for real, followed while it runs.
- `sweep(make, …)`: a run for each value of one knob, as a curve; a click opens the run.
- `search(make, …)`: many runs under shuffled schedules, and the shortest that fails.
- `replay(trace)`: a recorded run under a time cursor.
- `why_late(trace)`: where the time of one item went, and which others were in its way.
- `plot_trace(trace)`: the still picture, a matplotlib figure.
- `predict(question)`: asks for a number before the run is seen, and again at the end.
- `parsons(title, lines, …)`: the lines of a program, to be put in order.
- `LocalServer()`: a server on this machine that really fails, to be asked by a pipeline.
- `finding(trace)`, `describe(trace)`, `table(trace)`: the same in words and in rows.
"""

from pipeline_kit.live.compare import Comparison, compare
from pipeline_kit.live.describe import describe, finding, table
from pipeline_kit.live.explore import Explorer, explore
from pipeline_kit.live.knobs import Knobs
from pipeline_kit.live.live_goals import Moment
from pipeline_kit.live.live_run import LiveRun
from pipeline_kit.live.local_server import LocalServer
from pipeline_kit.live.parsons import Parsons, parsons
from pipeline_kit.live.predict import Prediction, predict
from pipeline_kit.live.replay import Replay, replay
from pipeline_kit.live.search import ScheduleSearch, search
from pipeline_kit.live.static import plot_trace
from pipeline_kit.live.sweep import Sweep, sweep
from pipeline_kit.live.watch import watch
from pipeline_kit.live.why_late import WhyLate, why_late

__all__ = [
    "Comparison",
    "Explorer",
    "Knobs",
    "LiveRun",
    "LocalServer",
    "Moment",
    "Parsons",
    "Prediction",
    "Replay",
    "ScheduleSearch",
    "Sweep",
    "WhyLate",
    "compare",
    "describe",
    "explore",
    "finding",
    "parsons",
    "plot_trace",
    "predict",
    "replay",
    "search",
    "sweep",
    "table",
    "watch",
    "why_late",
]
