"""The squares of a search in a browser, with a stand-in for Jupyter."""

import pytest
from test_in_browser import browser, page, show  # noqa: F401 - the first two are fixtures
from test_search import figure_of_40


@pytest.fixture
def figure():
    return figure_of_40(goals={"no schedule fails": lambda found: not found.failed})


@pytest.fixture
def tally(page, figure):  # noqa: F811 - that is how pytest passes a fixture
    return show(page, figure._tally)


def opened(page):  # noqa: F811
    return page.evaluate("[model.get('opened'), model.saved]")


def test_a_click_opens_the_run_under_it(page, tally):  # noqa: F811
    box = tally.locator(".pw-curve").bounding_box()
    side = page.evaluate("document.querySelector('canvas').height / devicePixelRatio") - 6
    page.mouse.click(box["x"] + 5.5 * side, box["y"] + side / 2)
    assert opened(page) == [5, 1]
    assert "Schedule 5 " in tally.inner_text()


def test_the_arrow_keys_open_the_runs_beside(page, tally, figure):  # noqa: F811
    start = figure.result.shortest.number
    squares = tally.get_by_role("slider", name="schedule")
    before = squares.screenshot()
    squares.press("ArrowRight")
    assert opened(page) == [start + 1, 1]
    assert squares.screenshot() != before
    for key, number in [("End", 39), ("ArrowRight", 39), ("Home", 0), ("ArrowLeft", 0)]:
        squares.press(key)
        assert squares.get_attribute("aria-valuenow") == str(number)


def test_buttons_lead_from_failure_to_failure(page, tally, figure):  # noqa: F811
    failed = [run.number for run in figure.result.failed]
    tally.get_by_role("slider", name="schedule").press("Home")
    tally.get_by_role("button", name="Next failure").click()
    assert opened(page)[0] == next(number for number in failed if number > 0)
    assert "fails" in tally.locator(".pw-words").inner_text()
    tally.get_by_role("button", name="Next that passes").click()
    assert opened(page)[0] not in failed
    tally.get_by_role("button", name="Shortest failure").click()
    assert opened(page)[0] == figure.result.shortest.number


def test_squares_are_covered_until_there_is_a_tally(page, tally):  # noqa: F811
    page.evaluate("model.update('tally', {})")
    assert tally.locator("canvas").is_hidden()
    assert "covered until you have locked in" in tally.inner_text()
    assert tally.get_by_role("button", name="Next failure").is_hidden()
    assert "no schedule fails" not in tally.inner_text()


def test_a_tally_that_is_closed_lets_go_of_everything(page, tally):  # noqa: F811
    page.evaluate("close_widget()")
    assert page.evaluate("Object.values(model.listeners).flat().length") == 0
