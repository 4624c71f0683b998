"""A service is down by its script, and whoever falls back on something else is seen doing so."""

from pipeline_kit.grading.process.protocol import Ask, Reply, Request
from pipeline_kit.grading.worlds.outage import FALLBACK, SERVICE, OutagePlay, OutageWorld
from pipeline_kit.live.picture import picture_of
from pipeline_kit.live.simulate import Simulation


def play_of(*items: int, **more: object) -> OutagePlay:
    work = {SERVICE: 2.0, FALLBACK: 0.0}
    return OutagePlay(OutageWorld(items=items, work=work, **more))  # type: ignore[arg-type] # fields of the world


def ask(play: OutagePlay, *requests: Request, timer: float | None = None) -> Reply:
    reply = play.answer(Ask(list(requests), timer))
    assert isinstance(reply, Reply)
    return reply


def outcomes(reply: Reply) -> list[object]:
    return [result[1] for result in reply.results]


def test_calls_that_begin_in_an_outage_fail_when_they_are_over() -> None:
    play = play_of(7, 8, outages=[(0.0, 2.0)])
    ask(play, Request(1, "next"), Request(2, "next"))
    reply = ask(play, Request(3, "work", SERVICE, 7))
    assert (reply.now, outcomes(reply)) == (2.0, ["error"])
    assert outcomes(ask(play, Request(4, "work", SERVICE, 8))) == ["value"]


def test_a_call_that_began_before_the_outage_succeeds_in_it() -> None:
    play = play_of(7, outages=[(1.0, 9.0)])
    ask(play, Request(1, "next"))
    assert outcomes(ask(play, Request(2, "work", SERVICE, 7))) == ["value"]


def test_the_fallback_takes_the_value_for_which_the_service_failed() -> None:
    play = play_of(7, outages=[(0.0, 9.0)])
    ask(play, Request(1, "next"))
    ask(play, Request(2, "work", SERVICE, 7))
    assert outcomes(ask(play, Request(3, "work", FALLBACK, 7))) == ["value"]
    assert [(call.name, call.failed) for call in play.calls] == [(SERVICE, True), (FALLBACK, False)]


def test_both_are_one_stage_in_the_trace() -> None:
    play = play_of(7, outages=[(0.0, 9.0)])
    ask(play, Request(1, "next"))
    ask(play, Request(2, "work", FALLBACK, 7))
    assert [e.kind for e in play.trace.of(SERVICE, "started", "finished")] == [
        "started",
        "finished",
    ]


def test_equal_items_fall_back_one_after_the_other() -> None:
    play = play_of(7, 7)
    ask(play, Request(1, "next"), Request(2, "next"))
    ask(play, Request(3, "work", FALLBACK, 7), Request(4, "work", FALLBACK, 7))
    assert [call.item for call in play.calls] == [0, 1]


def test_a_failing_fallback_is_told_from_a_failing_service() -> None:
    play = play_of(7, failing=(FALLBACK, 0))
    ask(play, Request(1, "next"))
    assert outcomes(ask(play, Request(2, "work", FALLBACK, 7))) == ["error"]
    assert play.has_failed(FALLBACK)
    assert not play.has_failed(SERVICE)


def test_its_trace_can_be_replayed() -> None:
    play = play_of(7, failing=(FALLBACK, 0), outages=[(0.0, 9.0)])
    ask(play, Request(1, "next"))
    ask(play, Request(2, "work", SERVICE, 7))
    ask(play, Request(3, "work", FALLBACK, 7))
    places = {loss["place"] for loss in picture_of(Simulation(play.trace), "")["losses"]}
    assert len(places) == 1
