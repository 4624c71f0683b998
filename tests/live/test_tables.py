import math

from makes import deadlocked, failing, filtering, two_stages

from pipeline_kit import StageShape
from pipeline_kit.live.delays import Delays
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.monitor import Sample
from pipeline_kit.live.simulate import simulate
from pipeline_kit.live.tables import MOST_ROWS, Table, table_of_samples, table_of_way, tables_of
from pipeline_kit.trace import Trace


def run(make):
    return simulate(make, make_knobs({})).trace


def test_each_stage_has_a_row_with_what_its_workers_did():
    stages, _ = tables_of(run(two_stages))
    assert stages.rows == [
        ("quick", 1, 5, "24 %", "19 %", 0, 0, 0),
        ("slow", 1, 5, "95 %", "0 %", 2, 2, 0),
    ]


def test_each_item_has_a_row_with_when_it_was_worked_on():
    _, items = tables_of(run(two_stages))
    assert items.columns == ["item", "in (s)", "quick (s)", "slow (s)", "out (s)"]
    item, _, quick, slow, _ = items.rows[4]
    assert (item, quick, slow) == (4, "0.5 to 0.6", "1.7 to 2.1")


def test_a_loss_is_told_where_it_happened_and_what_never_came_out_has_no_time_of_that():
    stages, items = tables_of(run(failing))
    assert stages.rows[0][-1] == 1
    assert list(items.rows[2][2:]) == ["0.2 to 0.3 failed", ""]
    assert list(tables_of(run(filtering))[1].rows[1][2:]) == ["0.1 to 0.2 filtered", ""]


def test_a_run_without_end_or_beginning_can_be_told():
    assert [len(table.rows) for table in tables_of(run(deadlocked), "stuck: ")] == [1, 2]
    assert tables_of(run(deadlocked), "stuck: ")[0].caption == "stuck: Stages"
    assert tables_of(Trace([])) == []


def test_a_table_is_cut_where_it_gets_long_and_says_so():
    rows = [(number, 2 * number) for number in range(MOST_ROWS + 7)]
    html = Table("Doubles", ["n", "2n"], rows).html()
    assert html.count("<tr>") == 1 + MOST_ROWS + 1
    assert "<td>… 7 more</td><td></td>" in html


def test_what_is_written_in_a_table_is_no_html():
    html = Table("a < b", ["<i>"], [("<script>",), (math.inf,), (0.12345,)]).html()
    assert "<caption>a &lt; b</caption>" in html
    assert "<th>&lt;i&gt;</th>" in html
    assert "<td>&lt;script&gt;</td>" in html
    assert "<td>no bound</td>" in html
    assert "<td>0.1235</td>" in html


def test_the_way_of_an_item_says_what_was_in_its_way():
    table = table_of_way(4, Delays(run(two_stages)).of(4))
    assert [(row[0], row[1], row[-1]) for row in table.rows] == [
        ("source", "blocked", "quick: 3"),
        ("quick", "working", ""),
        ("quick", "blocked", "slow: 1"),
        ("slow", "waiting", "slow: 2, 3"),
        ("slow", "working", ""),
    ]


def sample(time):
    names = ("working", "blocked", "lost", "dropped", "filtered", "waited")
    counts = {name: [0, 0] for name in names}
    return Sample(time, 9, depth=[3, 0], taken=[5, 4], throughput=2.0, bottleneck=None, **counts)


def test_of_a_live_run_some_moments_are_told_and_the_last():
    stages = [StageShape("work", 1, 5), StageShape("sink")]
    table = table_of_samples([sample(time) for time in range(100)], stages)
    assert table.columns == ["seconds", "in", "before work", "results", "out", "items/s"]
    assert table.rows[-1] == (99, 9, 3, 0, 4, 2.0)
    assert 10 <= len(table.rows) <= 15
    assert [row[0] for row in table_of_samples([sample(7)], stages).rows] == [7]
    assert table_of_samples([], []).rows == []
