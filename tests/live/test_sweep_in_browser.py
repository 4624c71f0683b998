"""The curve of a sweep in a browser, with a stand-in for Jupyter."""

import pytest
from makes import two_stages
from test_in_browser import browser, page, show  # noqa: F401 - the first two are fixtures

from pipeline_kit.live import sweep


@pytest.fixture
def curve(page):  # noqa: F811 - that is how pytest passes a fixture
    figure = sweep(two_stages, delay=[0.4, 0.6, 0.8], measure="makespan", opened=0.4)
    return show(page, figure._chart)


def test_a_click_opens_the_nearest_point(page, curve):  # noqa: F811
    box = curve.locator(".pw-curve").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 40, box["y"] + 100)
    assert page.evaluate("[model.get('opened'), model.saved]") == [2, 1]
    assert "4.1 s at delay 0.8. This run is open below." in curve.inner_text()


def test_arrow_keys_choose_a_point_and_enter_opens_it(page, curve):  # noqa: F811
    chart = curve.get_by_role("slider", name="makespan against delay")
    chart.press("ArrowRight")
    assert chart.get_attribute("aria-valuetext") == "3.1 s at delay 0.6"
    assert page.evaluate("model.saved") == 0
    before = chart.screenshot()
    chart.press("Enter")
    assert page.evaluate("[model.get('opened'), model.saved]") == [1, 1]
    assert chart.screenshot() != before
    for key, value in [("End", "4.1 s at delay 0.8"), ("Home", "2.1 s at delay 0.4")]:
        chart.press(key)
        assert chart.get_attribute("aria-valuetext") == value


def test_the_points_are_in_a_table(curve):
    curve.locator("summary").click()
    assert curve.locator("tbody tr").all_inner_texts() == ["0.4\t2.1", "0.6\t3.1", "0.8\t4.1"]


def test_a_curve_that_is_closed_lets_go_of_everything(page, curve):  # noqa: F811
    page.evaluate("close_widget()")
    assert page.evaluate("Object.values(model.listeners).flat().length") == 0


def test_the_curve_is_covered_until_the_prediction_is_locked_in(page, curve):  # noqa: F811
    guess = {"question": "How long?", "unit": "s", "value": None, "locked": False}
    page.evaluate("guess => model.update('prediction', guess)", guess)
    assert curve.locator("canvas").is_hidden()
    assert "How long?" in curve.inner_text()
    assert "2.1" not in curve.inner_text()
    page.evaluate("model.update('prediction', null)")
    plain = curve.locator("canvas").screenshot()
    locked = {**guess, "unit": "items", "value": 2.0, "locked": True}
    page.evaluate("guess => model.update('prediction', guess)", locked)
    assert curve.locator("canvas").screenshot() == plain  # items do not stand on an axis of seconds
    page.evaluate("guess => model.update('prediction', guess)", {**locked, "unit": "s"})
    assert curve.locator("canvas").screenshot() != plain
