"""Hints are unfolded one by one, and are neither lost nor shown unasked."""

import pytest

from pipeline_kit.grading.display.hints import Hints

HINTS = Hints(["look at `a < b`", "look closer", "look there"])


def test_each_hint_is_inside_the_one_before() -> None:
    html = HINTS._repr_html_()
    assert [html.count(tag) for tag in ("<details", "</details>", "<summary")] == [3, 3, 3]
    assert html.endswith("</details>" * 3)
    assert html.index("Hint 1 of 3") < html.index("Hint 2 of 3") < html.index("look closer")
    assert " open" not in html


def test_code_in_a_hint_is_set_as_code_and_escaped() -> None:
    assert "<code>a &lt; b</code>" in HINTS._repr_html_()


def test_without_html_it_says_how_to_see_the_first_and_shows_none() -> None:
    assert repr(HINTS) == "There are 3 hints; hint(1) prints the first."
    assert HINTS.one(2) == "Hint 2 of 3: look closer"


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_hint_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"hints 1 to 3, got number={number}"):
        HINTS.one(number)


def test_an_exercise_without_hints_points_to_its_checks() -> None:
    assert "check()" in repr(Hints([]))
    assert "check()" in Hints([])._repr_html_()
