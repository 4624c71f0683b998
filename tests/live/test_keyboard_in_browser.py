"""Whoever has only a keyboard, or wants no motion: every control is reached, named and outlined."""

import pytest
from makes import two_stages
from test_in_browser import browser, dashboard, page, player, show  # noqa: F401 # two are fixtures

from pipeline_kit.live import compare, parsons, search, sweep, why_late
from pipeline_kit.live.knobs import make_knobs
from pipeline_kit.live.simulate import simulate

KNOB = {"delay": (0.1, 1.0, 0.1, 0.4, "s")}
LINES = """
async def main():
    one = 1
    two = one + 1
    three = two + 1
    return three
"""

# Each element that can have the focus: its name, whether it shows the focus, and whether it is new.
FOCUSED = """() => {
  const found = document.activeElement;
  if (found === document.body) return null;
  const label = found.labels?.[0]?.innerText ?? "";
  const first = !found.dataset.seen;
  found.dataset.seen = "yes";
  const style = getComputedStyle(found);
  return {
    what: found.tagName.toLowerCase(), name: found.ariaLabel || found.innerText || label,
    outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, first,
  };
}"""
CONTROLS = "button:not(:disabled), input, select, summary, [tabindex='0']"


def two_runs():
    return compare(two_stages, two_stages, labels=("one", "two"), **KNOB)._player


WIDGETS = {
    "a comparison": two_runs,
    "a curve": lambda: sweep(two_stages, delay=[0.2, 0.4])._chart,
    "a tally": lambda: search(two_stages, runs=10, **KNOB)._tally,
    "an item's way": lambda: why_late(simulate(two_stages, make_knobs({})).trace)._player,
    "a Parsons problem": lambda: parsons(
        "Three", LINES, {"    one = 0": "It is not needed."}, check=lambda result: result == 3
    ),
}


def tabbed(page):  # noqa: F811 # it gets the fixture
    """Press Tab until the page has been gone through; return what had the focus."""
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None or not found["first"]:
            break
        seen.append(found)
    return seen


def check_controls(page):  # noqa: F811
    seen = tabbed(page)
    reachable = page.locator(CONTROLS).evaluate_all(
        "all => all.filter((e) => e.checkVisibility()).length"
    )
    assert len(seen) == reachable > 0
    assert [one for one in seen if not one["name"].strip()] == []
    assert [one for one in seen if not one["outlined"]] == []


def test_the_controls_of_a_player_are_reached_by_tab(page):  # noqa: F811
    player(page, **KNOB)
    check_controls(page)


def test_the_controls_of_a_live_run_are_reached_by_tab(page):  # noqa: F811
    dashboard(page)
    check_controls(page)


@pytest.mark.parametrize("make", WIDGETS.values(), ids=WIDGETS.keys())
def test_the_controls_of_every_other_figure_are_reached_by_tab(page, make):  # noqa: F811
    show(page, make())
    check_controls(page)


def test_with_reduced_motion_a_run_is_played_from_event_to_event(page):  # noqa: F811
    page.emulate_media(reduced_motion="reduce")
    figure = player(page)
    page.evaluate("""() => {
      window.times = new Set();
      const clock = document.querySelector(".pw-clock");
      new MutationObserver(() => times.add(clock.textContent)).observe(clock, { childList: true });
    }""")
    figure.get_by_role("combobox", name="speed").select_option("2")
    figure.press("Home")
    figure.press(" ")
    figure.get_by_role("button", name="Play").wait_for()
    happens = {f"{event.time:.4g} s" for event in simulate(two_stages, make_knobs({})).trace.events}
    assert set(page.evaluate("[...times]")) <= happens


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_with_reduced_motion_items_are_at_once_where_they_belong(page, motion):  # noqa: F811
    page.emulate_media(reduced_motion=motion)
    figure = player(page)
    at_once = page.evaluate("""() => {
      const step = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
      document.querySelector(".pw").dispatchEvent(step);
      return document.querySelector("canvas").toDataURL();
    }""")
    page.wait_for_function(
        """() => {  // until nothing moves any more
      const now = document.querySelector("canvas").toDataURL(), rests = now === window.before;
      window.before = now;
      return rests;
    }""",
        polling=200,
    )
    later = figure.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")
    assert (later == at_once) == (motion == "reduce")
