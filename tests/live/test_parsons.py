"""Parsons problems: any order that works is right, and wrong ones are told where and why."""

import pytest

from pipeline_kit import Channel, Pipeline, Stage
from pipeline_kit.live import parsons

LINES = """
    async def main():
        double = Stage(lambda number: 2 * number, name="double")
        text = Stage(str, name="text")
        pipeline = Pipeline(double, text)
        return await pipeline.collect([1, 2, 3])
"""
WRONG = "    pipeline = Pipeline(text, double)"
UNAWAITED = "    return pipeline.collect([1, 2, 3])"
DISTRACTORS = {WRONG: "Doubling a text repeats it.", UNAWAITED: "It only makes a coroutine."}
MAIN, DOUBLE, TEXT, PIPELINE, RETURN = (line[4:] for line in LINES.splitlines()[1:])


def problem(lines=LINES, distractors=DISTRACTORS, check=lambda result: result == ["2", "4", "6"]):
    names = {"Stage": Stage, "Pipeline": Pipeline, "Channel": Channel}
    return parsons("Double, then turn into text", lines, distractors, check=check, names=names)


def judge(*program):
    widget = problem()
    return widget.check([widget.lines.index(line) for line in program])


@pytest.mark.parametrize(("first", "second"), [(DOUBLE, TEXT), (TEXT, DOUBLE)])
def test_every_order_that_works_is_right(first, second):
    assert judge(MAIN, first, second, PIPELINE, RETURN).right


def test_the_first_wrong_line_is_named_with_what_python_says_of_the_program():
    verdict = judge(MAIN, DOUBLE, PIPELINE, TEXT, RETURN)
    assert (verdict.right, verdict.line) == (False, 2)
    assert verdict.text.startswith("Line 3 is the first that cannot stand where it is.")
    assert "text" in verdict.text


def test_the_wrong_line_of_an_unfinished_program_is_named_too():
    assert judge(MAIN, PIPELINE).line == 1


def test_a_distractor_is_named_with_its_reason_before_anything_else():
    verdict = judge(PIPELINE, MAIN, UNAWAITED)
    assert verdict.line == 2
    assert verdict.text.endswith("It only makes a coroutine.")


@pytest.mark.parametrize(
    ("program", "missing"),
    [((MAIN, TEXT), "3 more lines"), ((MAIN, TEXT, DOUBLE, PIPELINE), "one more line")],
)
def test_a_good_beginning_is_told_how_much_is_missing(program, missing):
    verdict = judge(*program)
    assert (verdict.right, verdict.line) == (False, None)
    assert missing in verdict.text


def test_an_empty_program_is_told_what_to_do():
    assert "move lines into it" in judge().text


def test_the_solution_is_never_given_away():
    for program in ((RETURN,), (MAIN, PIPELINE), (MAIN, DOUBLE, PIPELINE, TEXT, RETURN)):
        text = judge(*program).text
        assert not [line for line in (MAIN, DOUBLE, TEXT, RETURN) if line.strip() in text]


def test_the_shuffle_is_the_same_every_time_and_mixes_the_distractors_in():
    lines = problem().lines
    assert lines == problem().lines
    assert sorted(lines) == sorted([MAIN, DOUBLE, TEXT, PIPELINE, RETURN, *DISTRACTORS])
    assert lines[:5] != [MAIN, DOUBLE, TEXT, PIPELINE, RETURN]


def test_what_the_browser_sends_is_judged_and_the_verdict_goes_back():
    widget = problem()
    program = [widget.lines.index(line) for line in (MAIN, DOUBLE, TEXT, PIPELINE, RETURN)]
    widget._handle_custom_msg({"program": program}, [])
    assert widget.verdict["right"] is True


def test_an_error_in_the_check_becomes_the_verdict():
    widget = problem()
    widget.check([99])
    assert widget.verdict["right"] is False
    assert "IndexError" in widget.verdict["text"]


def test_an_order_that_waits_for_ever_is_wrong_and_says_so():
    lines = """
        async def main():
            channel = Channel(1)
            await channel.send("a")
            item = await channel.receive()
            return item
    """
    widget = problem(lines, {}, lambda result: result == "a")
    right = [widget.lines.index(line[8:]) for line in lines.splitlines()[1:-1]]
    assert widget.check(right).right
    main, channel, send, receive, done = right
    verdict = widget.check([main, channel, receive, send, done])
    assert verdict.line == 2
    assert "DeadlockError" in verdict.text


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"lines": "async def main():\n    return 1"}, "lines must be five to 7, got 2"),
        ({"distractors": {TEXT: "No."}}, "must not be one of the lines"),
        ({"check": lambda result: result == "never"}, "the result is \\['2', '4', '6'\\]"),
        ({"lines": LINES.replace("Pipeline(double", "Pipeline(dubble")}, "NameError.*dubble"),
    ],
)
def test_a_problem_that_cannot_be_solved_is_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        problem(**changes)


def test_what_is_saved_says_what_the_program_is_to_do():
    saved, _ = problem()._repr_mimebundle_()
    assert "Double, then turn into text" in saved["text/plain"]
    assert MAIN not in str(saved)


def test_a_program_that_returns_nothing_passes_no_check():
    lines = LINES.replace("return await", "await")
    with pytest.raises(ValueError, match=r"no order .* the result is None"):
        problem(lines, check=["2", "4", "6"].__eq__)
