"""The agenda lets happen what is planned, in order of time, unless it is given up before."""

from pipeline_kit.grading.worlds.agenda import Agenda


def due(agenda: Agenda, now: float) -> list[int]:
    return [request for request, _ in agenda.due(now)]


def test_what_is_due_comes_in_order_of_time_and_then_of_planning() -> None:
    agenda = Agenda()
    for request, time in enumerate([2.0, 1.0, 2.0, 3.0], start=1):
        agenda.plan(time, request, list)
    assert agenda.next_time == 1.0
    assert due(agenda, 2.0) == [2, 1, 3]
    assert agenda.next_time == 3.0


def test_nothing_planned_is_never_due() -> None:
    assert Agenda().next_time is None
    assert due(Agenda(), 10.0) == []


def test_what_is_given_up_is_undone_once_and_does_not_happen() -> None:
    agenda, undone = Agenda(), list[str]()
    agenda.plan(1.0, 1, list, undo=lambda: undone.append("undone"))
    agenda.give_up(1)
    agenda.give_up(1)
    assert undone == ["undone"]
    assert due(agenda, 1.0) == []


def test_what_has_happened_is_not_undone() -> None:
    agenda, undone = Agenda(), list[str]()
    agenda.plan(1.0, 1, list, undo=lambda: undone.append("undone"))
    assert due(agenda, 1.0) == [1]
    agenda.give_up(1)
    assert undone == []
