"""What must hold at every moment of a run, as the figure shows it beside its time cursor."""

import asyncio
import re

import pytest
from makes import deadlocked, failing, filtering, throwing_away, two_stages
from test_in_browser import browser, page, player, show  # noqa: F401 - two are fixtures

from pipeline_kit import Pipeline, Stage
from pipeline_kit.live import explore
from pipeline_kit.live.measures import latencies
from pipeline_kit.patterns.backpressure import OverflowChannel


def dropping(knobs):
    """Twelve items come at once to a stage that takes 0.1 s and has room for two more."""

    async def work(item):
        await asyncio.sleep(0.1)
        return item

    channel = OverflowChannel
    return Pipeline(Stage(work, channel=lambda: channel(2, overflow="drop_oldest"))), range(12)


def law_at(figure):
    """Return L, λ and W as they stand under the figure."""
    text = figure.locator(".pw-law").inner_text()
    assert text.endswith("✓")
    return [float(number) for number in re.findall(r"[Lλ×W] ([\d.]+)", text)]


@pytest.mark.parametrize("make", [two_stages, failing, filtering, deadlocked, dropping])
def test_littles_law_holds_at_every_event(page, make):  # noqa: F811 - a fixture
    figure = player(page, make)
    figure.press("Home")
    assert figure.locator(".pw-law").inner_text() == ""  # no time has passed, so there is no rate
    for _ in range(20):
        figure.press("ArrowRight")
        if figure.locator(".pw-clock").inner_text() != "0 s":
            law_at(figure)


def test_its_numbers_are_those_of_the_trace(page):  # noqa: F811
    stays = latencies(explore(two_stages).trace)  # all five items leave in the end, at 2.1 s
    figure = player(page, two_stages)
    figure.press("End")
    inside, rate, stay = law_at(figure)
    assert inside == pytest.approx(sum(stays) / 2.1, rel=0.01)
    assert rate == pytest.approx(5 / 2.1, rel=0.01)
    assert stay == pytest.approx(sum(stays) / 5, rel=0.01)


def test_an_item_that_was_lost_sight_of_breaks_the_law(page):  # noqa: F811
    figure = player(page, two_stages)
    page.evaluate("model.update('picture', { ...model.get('picture'), out: [0.5, 0.9] })")
    figure.press("End")
    assert figure.locator(".pw-law").inner_text().endswith("✗")
    assert "✗" in figure.locator(".pw-balance").inner_text()


def test_a_balance_that_does_not_come_out_tells_of_what_was_thrown_away(page):  # noqa: F811
    figure = player(page, throwing_away)
    figure.press("End")
    balance = figure.locator(".pw-balance").inner_text()
    assert balance == "9 in ≠ 5 out + 0 dropped + 0 failed + 0 in flight ✗"
