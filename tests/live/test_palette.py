import pytest

from pipeline_kit.live import palette
from pipeline_kit.live.palette import DARK, LIGHT, contrast

MARKS = [*palette.STAGES, palette.LOSS, palette.NEUTRAL]


def test_contrast_is_that_of_the_accessibility_guidelines():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("page", ["#FFFFFF", "#111111"])
def test_marks_stand_out_3_to_1_on_white_and_on_dark(mark, page):
    assert contrast(mark, page) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_stands_out_4_5_to_1_on_its_page(theme):
    assert contrast(theme.ink, theme.page) >= 4.5
    assert contrast(theme.quiet, theme.page) >= 4.5


@pytest.mark.parametrize("ground", [*palette.STAGES, palette.NEUTRAL])
def test_numbers_can_be_read_on_a_bar(ground):
    assert contrast(palette.ink_on(ground), ground) >= 4.5


@pytest.mark.parametrize("fill", palette.ITEMS)
def test_numbers_can_be_read_on_an_item(fill):
    assert contrast(palette.ITEM_INK, fill) >= 4.5


def test_an_item_stands_out_from_any_page_by_its_outline_or_its_fill():
    for fill in palette.ITEMS:
        assert contrast(palette.ITEM_INK, LIGHT.page) >= 3
        assert contrast(fill, DARK.page) >= 3


def test_loss_has_a_hue_of_its_own():
    assert palette.LOSS not in {*palette.STAGES, *palette.ITEMS, palette.NEUTRAL}


def test_stages_beyond_the_third_begin_again():
    assert palette.stage_colour(3) == palette.stage_colour(0)
