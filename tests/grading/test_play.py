"""The world gives items, work and time as its script says, and notes what is asked of it."""

import pytest

from pipeline_kit.grading.process.protocol import Ask, Reply, Request, Stop
from pipeline_kit.grading.worlds.play import Play, Told
from pipeline_kit.grading.worlds.world import World
from pipeline_kit.trace import SINK, SOURCE

WORK = {"stage1": 2.0, "stage2": [1.0, 3.0]}


def ask(play: Play, *requests: Request, timer: float | None = None) -> Reply:
    reply = play.answer(Ask(list(requests), timer))
    assert isinstance(reply, Reply)
    return reply


def test_items_come_when_they_arrive() -> None:
    play = Play(World(items=[7, 8], arrivals=[0.0, 5.0], work=WORK))
    assert ask(play, Request(1, "next")) == Reply(0.0, [(1, "value", 7)])
    assert ask(play, Request(2, "next")) == Reply(5.0, [(2, "value", 8)])
    assert ask(play, Request(3, "next")) == Reply(5.0, [(3, "end")])


def made_up(items: list[int]) -> object:
    play = Play(World(items=items, work=WORK))
    ask(play, Request(1, "next"))
    reply = ask(play, Request(2, "work", "stage1", items[0]))
    assert reply.now == 2.0
    return reply.results[0][2]


def test_work_takes_its_time_and_yields_a_number_that_is_made_up() -> None:
    numbers = {made_up([7, other]) for other in range(5)}
    assert len(numbers) == 5
    assert not numbers & {7}


def test_the_same_world_makes_up_the_same_numbers() -> None:
    assert made_up([7, 8]) == made_up([7, 8])


def test_a_result_that_is_guessed_before_the_work_is_done_counts_for_nothing() -> None:
    number = made_up([7, 8])
    play = Play(World(items=[7, 8], work=WORK))
    ask(play, Request(1, "next"))
    assert isinstance(number, int)
    ask(play, Request(2, "send", value=number))
    assert "which nobody had produced" in play.surprises[0].text
    assert not play.trace.of(SINK, "started")


def test_two_stages_work_at_the_same_time() -> None:
    play = Play(World(items=[7, 8], work=WORK))
    ask(play, Request(1, "next"), Request(2, "next"))
    first = Request(3, "work", "stage1", 7)
    assert ask(play, first, Request(4, "work", "stage2", 8)).now == 2.0
    assert ask(play).now == 3.0


def test_the_clock_moves_to_the_answers_own_timer_if_that_comes_first() -> None:
    play = Play(World(items=[7, 8], work=WORK))
    ask(play, Request(1, "next"))
    assert ask(play, Request(2, "work", "stage1", 7), timer=0.5) == Reply(0.5, [])


def test_a_slow_sink_makes_the_sender_wait() -> None:
    play = Play(World(items=[7, 8], work=WORK, sink_pace=4.0))
    ask(play, Request(1, "next"), Request(2, "next"))
    ask(play, Request(3, "send", value=7))
    assert ask(play, Request(4, "send", value=8)).now == 4.0
    assert [event.item for event in play.trace.of(SINK, "started")] == [0, 1]


def test_nothing_left_to_happen_is_a_deadlock() -> None:
    assert Play(World(items=[], work={"stage1": 2.0})).answer(Ask([], None)) == Stop("deadlock")


def test_a_failing_stage_and_a_failing_source_fail() -> None:
    for place in ("stage1", SOURCE):
        play = Play(World(items=[7, 8], work=WORK, failing=(place, 0)))
        reply = ask(play, Request(1, "next"))
        if place == "stage1":
            reply = ask(play, Request(2, "work", "stage1", 7))
        assert reply.results[0][1:3] == ("error", play.world.error)


def test_a_cancellation_from_outside_comes_at_its_time() -> None:
    play = Play(World(items=[7, 8], work=WORK, cancel_at=1.5))
    ask(play, Request(1, "next"))
    assert ask(play, Request(2, "work", "stage1", 7)) == Reply(1.5, [], cancel=True)


def test_an_item_whose_taker_was_cancelled_stays_in_the_source() -> None:
    play = Play(World(items=[7, 8], arrivals=[3.0, 3.0], work=WORK))
    ask(play, Request(1, "next"), timer=1.0)
    assert ask(play, Request(2, "abandon", value=1), Request(3, "next")).results == [
        (3, "value", 7)
    ]


def test_equal_items_are_told_apart_by_their_order() -> None:
    play = Play(World(items=[7, 7], work=WORK))
    ask(play, Request(1, "next"), Request(2, "next"))
    ask(play, Request(3, "work", "stage1", 7), Request(4, "work", "stage1", 7))
    assert [event.item for event in play.trace.of("stage1", "started")] == [0, 1]


def test_a_value_that_nobody_produced_is_noted() -> None:
    play = Play(World(items=[7, 8], work=WORK))
    ask(play, Request(1, "work", "stage1", 99))
    assert play.surprises[0].text == "stage1 was called with 99, which nobody had produced"


def test_times_must_be_given_for_each_item() -> None:
    with pytest.raises(ValueError, match="stage2 has 2 times for 3 items"):
        World(items=[1, 2, 3], work=WORK)


def test_a_stream_yields_by_its_script_and_then_ends() -> None:
    play = Play(World(items=[7, 8], work=WORK, streams={"changes": [(4.0, 7)]}))
    assert ask(play, Request(1, "hear", "changes")) == Reply(4.0, [(1, "value", 7)])
    assert ask(play, Request(2, "hear", "changes")) == Reply(4.0, [(2, "end")])


def test_what_a_cancelled_listener_did_not_hear_is_heard_by_the_next() -> None:
    play = Play(World(items=[7, 8], work=WORK, streams={"changes": [(4.0, 7)]}))
    ask(play, Request(1, "hear", "changes"), timer=1.0)
    heard = ask(play, Request(2, "abandon", value=1), Request(3, "hear", "changes"))
    assert heard.results == [(3, "value", 7)]


def test_what_the_answer_tells_is_kept_with_its_time() -> None:
    play = Play(World(items=[7, 8], arrivals=[2.0, 2.0], work=WORK, signals=["alarm"]))
    ask(play, Request(1, "next"))
    ask(play, Request(2, "tell", "alarm", 1), timer=2.0)
    assert play.told == [Told(2.0, "alarm", 1)]


def test_each_worker_of_a_stage_has_a_number_and_the_first_that_is_free_takes_the_next() -> None:
    play = Play(World(items=[7, 8, 9], work={"work": [3.0, 1.0, 1.0]}, workers={"work": 2}))
    ask(play, Request(1, "next"), Request(2, "next"), Request(3, "next"))
    ask(play, Request(4, "work", "work", 7), Request(5, "work", "work", 8))
    ask(play, Request(6, "work", "work", 9))
    assert [event.worker for event in play.trace.of("work", "started")] == [0, 1, 1]
    assert play.trace.stages[0].workers == 2


def test_a_stage_has_as_many_workers_as_the_answer_needs() -> None:
    play = Play(World(items=[7, 8], work={"stage1": 1.0}))
    ask(play, Request(1, "next"), Request(2, "next"))
    ask(play, Request(3, "work", "stage1", 7), Request(4, "work", "stage1", 8))
    assert play.trace.stages[0].workers == 2
