"""In a keyed world results belong to keys: one lookup may serve many items, until a change."""

from pipeline_kit.grading.process.protocol import Ask, Reply, Request
from pipeline_kit.grading.worlds.keyed import KeyedPlay, KeyedWorld
from pipeline_kit.trace import SINK


def play_of(*items: int, warm: tuple[int, ...] = (), **more: object) -> KeyedPlay:
    arguments = {"warm": list(warm)}
    world = KeyedWorld(items=items, work={"lookup": 2.0}, arguments=arguments, **more)  # type: ignore[arg-type] # fields of the world
    return KeyedPlay(world)


def ask(play: KeyedPlay, *requests: Request) -> Reply:
    reply = play.answer(Ask(list(requests), None))
    assert isinstance(reply, Reply)
    return reply


def look_up(play: KeyedPlay, number: int, key: int) -> int:
    result = ask(play, Request(number, "work", "lookup", key)).results[0][2]
    assert isinstance(result, int)
    return result


def test_one_result_may_be_sent_for_all_items_with_its_key() -> None:
    play = play_of(7, 7, 8)
    ask(play, Request(1, "next"), Request(2, "next"), Request(3, "next"))
    result = look_up(play, 4, 7)
    ask(play, Request(5, "send", value=result), Request(6, "send", value=result))
    assert [event.item for event in play.trace.of(SINK, "started")] == [0, 1]
    assert play.lookups[0].serves == [0, 1]


def test_a_result_that_is_sent_too_often_is_seen_twice_at_the_sink() -> None:
    play = play_of(7)
    ask(play, Request(1, "next"))
    result = look_up(play, 2, 7)
    ask(play, Request(3, "send", value=result), Request(4, "send", value=result))
    assert [event.item for event in play.trace.of(SINK, "started")] == [0, 0]


def test_each_lookup_yields_another_result() -> None:
    play = play_of(7)
    ask(play, Request(1, "next"))
    assert look_up(play, 2, 7) != look_up(play, 3, 7)


def test_a_key_may_be_looked_up_before_its_item_has_come() -> None:
    play = play_of(7, warm=(7, 9))
    for number, key in enumerate((7, 9), start=1):
        look_up(play, number, key)
    assert [lookup.key for lookup in play.lookups] == [7, 9]
    assert not play.trace.events
    assert not play.surprises


def test_a_key_that_nobody_named_is_noted() -> None:
    play = play_of(7)
    look_up(play, 1, 99)
    assert play.surprises[0].text == "lookup was called with 99, which nobody had produced"


def test_an_item_without_a_lookup_of_its_own_passes_in_no_time() -> None:
    play = play_of(7, 7)
    ask(play, Request(1, "next"), Request(2, "next"))
    result = look_up(play, 3, 7)
    ask(play, Request(4, "send", value=result), Request(5, "send", value=result))
    at_lookup = [e for e in play.trace.of("lookup", "started", "finished") if e.item == 1]
    assert [event.time for event in at_lookup] == [2.0, 2.0]


def test_a_lookup_that_is_given_up_never_finishes() -> None:
    play = play_of(7)
    ask(play, Request(1, "next"))
    play.answer(Ask([Request(2, "work", "lookup", 7)], 1.0))
    play.answer(Ask([Request(3, "abandon", value=2)], 5.0))
    assert play.lookups[0].finished is None
    assert play.trace.of("lookup", "failed")[0].note == "cancelled"


def test_the_first_result_can_be_0() -> None:
    play = play_of(7, zeros=True)
    ask(play, Request(1, "next"))
    assert look_up(play, 2, 7) == 0
    assert look_up(play, 3, 7) != 0
