"""The scripts in a browser, with a stand-in for Jupyter: quick, and nothing but our own code."""

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from makes import deadlocked, failing, filtering, marked, two_stages

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import compare, explore, why_late
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.simulate import simulate
from pipeline_kit.live.widgets import Dashboard, Player

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

MODEL = """async ([script, style, traits]) => {
  const listeners = {}, sent = [];
  window.model = {
    sent, saved: 0,
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; },
    save_changes: () => { model.saved += 1; },
    send: (message) => sent.push(message),
    on: (event, call) => { (listeners[event] ??= []).push(call); },
    off: (event, call) => { listeners[event] = listeners[event].filter((one) => one !== call); },
    update: (name, value) => { traits[name] = value; model.fire(`change:${name}`); },
    fire: (event, value) => (listeners[event] ?? []).forEach((call) => call(value)),
    listeners,
  };
  document.body.innerHTML = `<style>${style}</style><div id="figure" style="width: 800px"></div>`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const widget = (await import(url)).default;
  window.close_widget = widget.render({ model, el: document.getElementById("figure") });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        try:
            found = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        except sync_api.Error as error:
            pytest.skip(f"no Chromium at /usr/bin/chromium: {error}".splitlines()[0])
        yield found
        found.close()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def show(page, widget):
    foreign = {"layout", "tabbable", "tooltip"}  # ours are those that are no part of every widget
    ours = [name for name in widget.keys if not name.startswith("_") and name not in foreign]
    plain = json.loads(json.dumps({name: getattr(widget, name) for name in ours}))
    page.evaluate(MODEL, [str(widget._esm), str(widget._css), plain])
    return page.locator(".pw")


def player(page, make=two_stages, **options):
    return show(page, explore(make, **options)._player)


@pytest.mark.parametrize("make", [two_stages, failing, filtering, marked, deadlocked])
def test_in_equals_out_and_lost_and_in_flight_at_every_event(page, make):
    figure = player(page, make)
    figure.press("Home")
    for _ in range(30):
        assert "✓" in figure.locator(".pw-balance").inner_text()
        figure.press("ArrowRight")


def test_an_answer_from_the_cache_is_a_diamond_and_a_retry_dashed(page):
    player(page, make=marked)
    looks = """time => {
      const scene = sceneAt(model.get("picture"), time, { stages: ["#000"], stageInk: ["#fff"] });
      return [...scene.looks];
    }"""
    # A module keeps its functions to itself, so here they come once more, as a plain script.
    page.add_script_tag(content=str(Player._esm).replace("export default", "void"))
    assert page.evaluate(looks, 0.15) == []
    assert page.evaluate(looks, 0.25) == [[1, "dashed"]]
    assert page.evaluate(looks, 0.45) == [[2, "diamond"], [3, "dashed"]]


def test_the_figure_starts_paused_where_there_is_something_to_see(page):
    figure = player(page)
    assert figure.locator(".pw-main").inner_text() == "Play"
    assert "2 queued (full) before slow" in figure.inner_text()


def test_workers_that_do_the_same_are_told_together(page):
    async def work(item):
        await asyncio.sleep(1 if item else 3)
        return item

    figure = player(page, lambda k: (Pipeline(Stage(work, workers=3, ordered=True)), range(6)))
    figure.press("Home")
    figure.get_by_text("At 0 s: work works on 0, 1 and 2.").wait_for()
    figure.press("ArrowRight")
    figure.get_by_text("At 1 s: work works on 0 and is blocked with 1 and 2.").wait_for()


def test_the_keys_of_a_player_work(page):
    figure = player(page)
    clock = figure.locator(".pw-clock")
    for key, time in [("Home", "0 s"), ("ArrowRight", "0.1 s"), ("End", "2.1 s")]:
        figure.press(key)
        assert clock.inner_text() == time
    figure.press("ArrowLeft")
    assert clock.inner_text() == "1.7 s"
    figure.press(" ")
    assert figure.locator(".pw-main").inner_text() == "Pause"


def test_every_control_has_a_name(page):
    figure = player(page, delay=(0.1, 1.0, 0.1, 0.4, "s"))
    for name in ("Play", "Back", "Step"):
        assert figure.get_by_role("button", name=name, exact=True).count() == 1
    for name in ("time", "delay"):
        assert figure.get_by_role("slider", name=name).count() == 1
    assert figure.get_by_role("combobox", name="speed").count() == 1
    assert figure.get_attribute("aria-label").startswith("5 of 5 items out")


def test_a_slider_tells_python_and_leaves_the_last_run_as_a_ghost(page):
    figure = player(page, delay=(0.1, 1.0, 0.1, 0.4, "s"))
    figure.get_by_role("slider", name="delay").press("ArrowRight")
    assert page.evaluate("[model.get('values'), model.saved]") == [{"delay": 0.5}, 1]
    before = figure.locator("canvas").nth(1).screenshot()
    page.evaluate("model.update('picture', { ...model.get('picture'), makespan: 2 })")
    assert figure.locator("canvas").nth(1).screenshot() != before


def test_the_time_axis_stays_put_when_a_run_gets_shorter(page):
    figure = player(page)
    figure.press("End")
    end = figure.locator(".pw-cursor").bounding_box()["x"]
    page.evaluate("model.update('picture', { ...model.get('picture'), makespan: 1.05 })")
    left = figure.locator(".pw-chart").bounding_box()["x"] + 104
    assert figure.locator(".pw-cursor").bounding_box()["x"] - left == pytest.approx(
        (end - left) / 2, abs=2
    )


def test_the_run_is_covered_until_the_prediction_is_locked_in(page):
    figure = player(page)
    guess = {"question": "How long?", "unit": "s", "value": None, "locked": False}
    page.evaluate("guess => model.update('prediction', guess)", guess)
    assert figure.locator("canvas").first.is_hidden()
    assert "How long?" in figure.inner_text()
    assert "2.1 s" not in figure.inner_text()
    locked = {**guess, "value": 1.5, "locked": True}
    page.evaluate("guess => model.update('prediction', guess)", locked)
    assert figure.locator("canvas").first.is_visible()
    assert "5 of 5 items out in 2.1 s" in figure.inner_text()


def test_an_error_is_announced(page):
    figure = player(page, failing)
    assert "stage 'divide' failed on item 2" in figure.get_by_role("alert").inner_text()


def test_without_any_run_there_is_the_error_alone(page):
    figure = player(page, lambda knobs: knobs.misspelt)
    assert "no knob 'misspelt'" in figure.get_by_role("alert").inner_text()
    assert figure.locator("canvas").first.is_hidden()


def test_the_table_holds_a_row_for_each_stretch(page):
    figure = player(page)
    figure.locator("summary").click()
    page.wait_for_selector("tbody tr")
    assert figure.locator("tbody tr").count() == len(
        page.evaluate("model.get('picture').spans.item")
    )


def test_a_figure_that_is_closed_lets_go_of_everything(page):
    player(page, delay=(0.1, 1.0, 0.1, 0.4))
    page.evaluate("close_widget()")
    assert page.evaluate("Object.values(model.listeners).flat().length") == 0
    frozen = """async () => {
      document.body.dataset.jpThemeLight = "false";
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return document.querySelector(".pw").style.getPropertyValue("--pw-page");
    }"""
    assert page.evaluate(frozen) == "#FFFFFF"


def test_a_dark_page_gets_light_ink(page):
    figure = player(page)
    ink = "getComputedStyle(document.querySelector('.pw')).color"
    assert page.evaluate(ink) == "rgb(31, 31, 31)"
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function(f"{ink} === 'rgb(237, 237, 237)'")
    assert figure.locator("canvas").first.is_visible()


def test_a_figure_is_drawn_anew_if_the_page_is_hidden_while_its_theme_changes(page):
    player(page)
    hidden = """async () => {
      document.body.style.display = "none";
      document.body.dataset.jpThemeLight = "false";
      await null;  // the figure hears of it now, and has no width
      document.body.style.display = "";
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const canvas = [...document.querySelectorAll(".pw canvas")].at(-1);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const light = (red, at) => at % 4 === 0 && red === 237 && data[at + 3] === 255;
      return data.some(light);  // the ink of a dark page
    }"""
    assert page.evaluate(hidden)


def test_two_runs_share_one_cursor_that_starts_where_they_part(page):
    def only_quick(knobs):
        pipeline, source = two_stages(knobs)
        return Pipeline(pipeline.stages[0]), source

    figure = show(page, compare(only_quick, two_stages, labels=("one", "two"))._player)
    clock = figure.locator(".pw-clock")
    assert clock.inner_text() == "0.1 s"
    assert "over item 0. one: it is out; two: it is worked on by slow." in figure.inner_text()
    figure.press("End")
    assert "At 2.1 s" in figure.locator(".pw-now").inner_text()
    figure.get_by_role("button", name="First difference").click()
    assert clock.inner_text() == "0.1 s"


def test_another_item_is_chosen_by_keys_and_by_slider(page):
    figure = show(page, why_late(simulate(two_stages, make_knobs({})).trace)._player)
    assert figure.locator(".pw-title").inner_text().startswith("Item 4 was out 1.8 s after")
    figure.press("ArrowLeft")
    assert figure.locator(".pw-title").inner_text().startswith("Item 3 was out 1.5 s after")
    assert page.evaluate("model.get('item')") == 3
    figure.get_by_role("slider", name="item").press("Home")
    assert figure.locator(".pw-clock").inner_text() == "item 0"
    figure.get_by_role("button", name="Longest").click()
    assert figure.locator(".pw-clock").inner_text() == "item 4"


def sample(time, out, filtered=0, dropped=0):
    return {
        "time": time, "entered": out + 3 + filtered + dropped, "depth": [0, 1, 0],
        "taken": [out + 3, out + 1, out], "working": [1, 1, 0], "blocked": [0, 0, 0],
        "lost": [0, 0, 0], "dropped": [0, dropped, 0], "filtered": [filtered, 0, 0],
        "waited": [0, 0, 0], "throughput": 10, "bottleneck": 1,
    }  # fmt: skip


def dashboard(page, state="running"):
    shapes = [
        {"name": name, "queue": f"queue before {name}", "workers": 1, "capacity": capacity}
        for name, capacity in (("quick", 0), ("slow", 4), ("sink", 0))
    ]
    status = {"state": state, "message": "", "summary": ""}
    return show(page, Dashboard(stages=shapes, status=status))


def test_the_dashboard_follows_the_samples(page):
    figure = dashboard(page)
    for tick in range(5):
        page.evaluate("sample => model.fire('msg:custom', sample)", sample(tick / 25, 10 + tick))
    balance = figure.locator(".pw-balance", has_text="17 in = 14 out + 0 failed + 3 in flight")
    balance.wait_for()
    assert figure.locator(".pw-title").inner_text() == "10 items/s; bottleneck: slow"
    page.evaluate("sample => model.fire('msg:custom', sample)", sample(1, 15, filtered=4))
    told = "22 in = 15 out + 4 filtered + 0 failed + 3 in flight"
    figure.locator(".pw-balance", has_text=told).wait_for()
    page.evaluate("sample => model.fire('msg:custom', sample)", sample(2, 16, dropped=5))
    told = "24 in = 16 out + 5 dropped + 0 failed + 3 in flight"
    figure.locator(".pw-balance", has_text=told).wait_for()


@pytest.mark.parametrize("told_by", ["an empty history", "the time of its first sample"])
def test_another_run_is_spoken_of_soon_and_the_one_before_no_longer(page, told_by):
    figure = dashboard(page, "stopped")
    page.evaluate("sample => model.fire('msg:custom', sample)", sample(9, 10))
    figure.locator(".pw-words", has_text="After 9 s").wait_for()
    page.evaluate("model.update('status', { state: 'running', message: '', summary: '' })")
    if told_by == "an empty history":
        page.evaluate("model.update('history', [])")
    else:
        page.evaluate("sample => model.fire('msg:custom', sample)", sample(0.5, 1))
    assert figure.locator(".pw-words").inner_text() == "Starting …"
    more = """sample => setInterval(
        () => model.fire("msg:custom", { ...sample, time: (sample.time += 1) }), 50)"""
    page.evaluate(more, sample(0.5, 1))
    figure.locator(".pw-words", has_text=".5 s: 10 items/s").wait_for(timeout=3000)


def test_a_run_that_is_over_is_told_as_its_title_says(page):
    figure = dashboard(page, "stopped")
    page.evaluate("sample => model.fire('msg:custom', sample)", sample(9, 10))
    done = {"state": "done", "message": "", "summary": "10 of 10 items out in 9 s"}
    page.evaluate("status => model.update('status', status)", done)
    figure.locator(".pw-words", has_text="10 of 10 items out in 9 s; 0 queued").wait_for()


WRITTEN = """() => {
  const { prototype } = CanvasRenderingContext2D, { fillText } = prototype;
  window.written = {};
  prototype.fillText = function (text, x, y, ...rest) {
    window.written[text] = y;
    return fillText.call(this, text, x, y, ...rest);
  };
}"""


@pytest.mark.parametrize(("unit", "label"), [("s", "you said: 7 s"), ("items/s", "you said: 7")])
def test_a_prediction_stands_on_the_axis_of_its_unit(page, unit, label):
    page.evaluate(WRITTEN)
    figure = player(page)
    said = {"question": "How much?", "unit": unit, "value": 7, "locked": True}
    page.evaluate("said => model.update('prediction', said)", said)
    written = page.evaluate("written")
    assert written["source"] < written["items/s out"]
    above = written[label] < written["source"]
    below = written[label] > written["queued"]
    assert (above, below) == ((True, False) if unit == "s" else (False, True))
    told = figure.locator(".pw-said").inner_text()
    assert told == ("" if unit == "s" else "You said: 7 items/s")


def test_a_prediction_of_something_else_is_only_said(page):
    page.evaluate(WRITTEN)
    figure = player(page)
    said = {"question": "How many?", "unit": "calls", "value": 7, "locked": True}
    page.evaluate("said => model.update('prediction', said)", said)
    assert not [text for text in page.evaluate("written") if text.startswith("you said")]
    assert figure.locator(".pw-said").inner_text() == "You said: 7 calls"


def test_labels_of_queues_that_are_equally_large_stay_in_the_panel(page):
    page.evaluate(WRITTEN)
    shape = {"workers": 1, "capacity": 4}
    shapes = [{"name": name, "queue": name, **shape} for name in ("one", "two", "three")]
    page_status = {"state": "running", "message": "", "summary": ""}
    show(page, Dashboard(stages=[*shapes, {**shapes[0], "name": "sink"}], status=page_status))
    four = {name: [0] * 4 for name in ("depth", "taken", "working", "blocked", "lost")}
    page.evaluate("sample => model.fire('msg:custom', sample)", {**sample(1, 0), **four})
    page.wait_for_function("'→ three' in written")
    heights = [page.evaluate(f"written['→ {name}']") for name in ("three", "two", "one")]
    assert heights[0] >= 8
    assert [round(b - a) for a, b in pairwise(heights)] == [15, 15]


def test_the_goals_of_the_dashboard_tick_while_it_runs(page):
    figure = dashboard(page)
    assert figure.locator(".pw-goals").is_hidden()
    goal = {"text": "20 items/s", "reached": False, "error": ""}
    page.evaluate("goal => model.update('goals', [goal])", goal)
    figure.get_by_text("○ 20 items/s not yet").wait_for()
    page.evaluate("goal => model.update('goals', [goal])", {**goal, "reached": True})
    figure.get_by_text("✓ 20 items/s reached").wait_for()


def test_the_buttons_of_the_dashboard_press_what_they_say(page):
    figure = dashboard(page)
    figure.get_by_role("button", name="Pause").click()
    page.evaluate("model.update('status', { state: 'paused', message: '' })")
    figure.get_by_role("button", name="Resume").click()
    figure.get_by_role("button", name="Stop").click()
    page.evaluate("model.update('status', { state: 'stopped', message: '' })")
    assert figure.get_by_role("button", name="Stop").is_disabled()
    figure.get_by_role("button", name="Start").click()
    presses = [message["press"] for message in page.evaluate("model.sent")]
    assert presses == ["catch up", "pause", "resume", "stop", "start"]


def test_a_failure_of_a_live_run_is_announced(page):
    figure = dashboard(page)
    page.evaluate("model.update('status', { state: 'failed', message: 'stage a failed' })")
    assert figure.get_by_role("alert").inner_text() == "stage a failed"
