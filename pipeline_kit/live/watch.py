"""Watch: run a pipeline for real, on the clock on the wall, and follow it while it runs.

    def make(knobs):
        async def slow(item):
            await asyncio.sleep(knobs.delay)  # a slider that acts while the pipeline runs
            return item
        return Pipeline(Stage(slow, buffer=10)), range(200)

    view = watch(make, delay=(0.0, 0.2, 0.01, 0.05, "s"))
    view                                # in the last line of a cell it shows itself

    results = await view.finished()     # in a later cell

The run is a task on the loop the cell runs on; the cell itself returns at once.
"""

from collections.abc import Mapping

from pipeline_kit.live.knobs import KnobSpec, make_knobs
from pipeline_kit.live.live_goals import LiveGoal
from pipeline_kit.live.live_run import LiveRun
from pipeline_kit.live.simulate import Make


def watch(
    make: Make,
    *,
    title: str = "",
    limit: float = 60.0,
    goals: Mapping[str, LiveGoal] | None = None,
    **knobs: KnobSpec,
) -> LiveRun:
    """Start a pipeline in real time and return a live picture of it, with start, pause and stop.

    It shows itself when it is the last line of a cell. Running that cell again, or pressing Start,
    first stops the run it replaces.

    Args:
        make: called with the knobs whenever a run starts; returns a pipeline and its source. What
            it reads from the knobs at once, such as a buffer, holds for the whole run; what a
            stage's function reads while it works follows the sliders.
        title: what the picture shows, in a sentence; by default throughput and bottleneck.
        limit: seconds after which the run is stopped, not counting pauses. A source may be endless.
        goals: what there is to reach, in words, each with a function of a `Moment` of the run that
            tells whether it has been; they tick themselves under the figure, and stay ticked.
        knobs: `name=(lowest, highest, step, value to begin with)`, and a unit if there is one; at
            most six.

    Raises:
        TypeError: a knob is not four numbers and perhaps a unit, or a goal not a function.
        ValueError: there are too many knobs, or the numbers of one do not go together, or `limit`
            is 0 or less.
        RuntimeError: no event loop is running, as it does in a notebook.
    """
    if not limit > 0:
        raise ValueError(f"limit must be above 0 seconds, got {limit!r}")
    live = LiveRun(make, make_knobs(knobs), title, limit, goals or {})
    live.start()
    return live
