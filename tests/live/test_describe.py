import asyncio

from makes import failing, filtering, marked, two_stages

from pipeline_kit import Pipeline, Stage, Trace
from pipeline_kit.live.describe import (
    describe,
    details,
    finding,
    seconds,
    table,
    telling_moment,
)
from pipeline_kit.live.knobs import Knobs, make_knobs
from pipeline_kit.live.simulate import simulate
from pipeline_kit.patterns.error_handling import skip

SLOW = simulate(two_stages, make_knobs({"delay": (0.1, 1.0, 0.1, 0.4)})).trace
FAILED = simulate(failing, make_knobs({})).trace
FILTERING = simulate(filtering, make_knobs({})).trace


def test_the_finding_says_how_much_how_fast_and_what_limits():
    assert finding(SLOW) == "5 of 5 items out in 2.1 s; bottleneck: slow, working 95 % of the time"


def test_what_works_for_a_small_part_of_the_time_is_no_bottleneck():
    def seldom(*names: str) -> Trace:
        async def source():
            for item in range(5):
                await asyncio.sleep(1)
                yield item

        async def work(item: int) -> int:
            await asyncio.sleep(0.1)
            return item

        stages = [Stage(work, name=name) for name in names]
        return simulate(lambda _: (Pipeline(*stages), source()), make_knobs({})).trace

    assert finding(seldom("ask")).endswith("; no stage is busy: ask working 10 % of the time")
    assert finding(seldom("ask", "tell")).endswith(
        "; no stage is busy: ask and tell working 10 % of the time"
    )


def test_a_stage_of_which_one_worker_does_everything_is_the_bottleneck():
    async def work(item: int) -> int:
        await asyncio.sleep(1)
        return item

    def all_to_one(_: Knobs) -> tuple[Pipeline, range]:
        return Pipeline(Stage(work, workers=4, route=lambda item, lanes: 0)), range(8)

    found = finding(simulate(all_to_one, make_knobs({})).trace)
    assert found.endswith("; bottleneck: work, working 25 % of the time")


def test_the_finding_counts_what_was_lost():
    assert finding(FAILED).startswith("2 of 4 items out in 0.3 s, 1 lost;")


def test_the_finding_tells_what_was_filtered_from_what_was_lost():
    assert finding(FILTERING).startswith("2 of 4 items out in 0.4 s, 2 filtered;")
    assert "Lost" not in describe(FILTERING)


def test_the_description_says_when_a_queue_was_full():
    assert "Queue before slow full (2 of 2) from 0.3 s to 1.3 s." in describe(SLOW)


def test_the_description_says_where_and_when_something_was_lost():
    assert "Lost at divide: item 2, from 0.3 s on." in describe(FAILED)


def test_several_lost_items_are_counted_and_named():
    def refuse(item: int) -> int:
        raise ValueError(item)

    def make(_: Knobs) -> tuple[Pipeline, range]:
        return Pipeline(Stage(refuse, on_error=skip)), range(7)

    lost = describe(simulate(make, make_knobs({})).trace)
    assert "Lost at refuse: 7 items (0, 1, 2, 3, 4, …), from 0 s on." in lost


def test_the_description_of_nothing_is_no_error():
    assert describe(Trace([])) == "Nothing has happened yet."


def test_the_table_has_each_stretch_of_each_item_in_order_of_time():
    rows = table(SLOW)
    assert rows[0] == {
        "item": 0, "stage": "quick", "worker": 0, "state": "working", "from": 0.0, "to": 0.1
    }  # fmt: skip
    assert [row["from"] for row in rows] == sorted(row["from"] for row in rows)
    assert sum(row["state"] == "working" for row in rows) == 5 * 2


def test_the_telling_moment_is_a_loss_or_else_the_middle_of_the_longest_jam():
    assert telling_moment(FAILED) == 0.3
    assert SLOW.depth("slow").at(telling_moment(SLOW)) == 2


def test_times_read_as_one_would_say_them():
    said = [seconds(time) for time in (0.25, 12, 1234.5, 3780)]
    assert said == ["0.25 s", "12 s", "1234 s", "1 h 3 min"]


def test_stages_that_are_equally_busy_are_named_together():
    even = simulate(two_stages, make_knobs({"delay": (0.1, 1.0, 0.1, 0.1)})).trace
    assert finding(even).endswith("quick and slow equally busy, working 83 % of the time")


def test_what_layers_did_is_told_with_how_it_is_drawn():
    told = details(simulate(marked, make_knobs({})).trace)
    assert "fetch: 1 answer from the cache (a diamond)" in told
    assert "fetch: 1 substitute (a hollow diamond)" in told
    assert "fetch: 2 retries (dashed)" in told
