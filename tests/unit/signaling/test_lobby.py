"""Knocking, admitting, refusing."""

from dataclasses import replace

import pytest

from signaling.model.limits import DEFAULT
from signaling.model.words import Role, SeatState, Why
from signaling.protocol import Admit, AdmitAll, EndMeeting, Kick, Knock, Refuse, Roster, SeatChanged, Withdraw
from signaling.room.state.effects import Refused
from tests.support.control_room import CHAIR, OPERATOR, Scene, account


def test_a_delegate_waits_and_the_operator_sees_it() -> None:
    scene = Scene()
    operator = scene.inside(OPERATOR)
    delegate = scene.enter(account("nhi"))
    scene.say(delegate, Knock(None, "BS. Hoa", 5, 6))
    assert scene.last(delegate, SeatChanged).seat is SeatState.WAITING
    assert scene.lobby(operator) == [scene.id(delegate)]
    assert scene.kept_first()


def test_staff_enter_without_being_admitted() -> None:
    scene = Scene()
    for who in (OPERATOR, CHAIR):
        assert scene.seat(scene.inside(who)).admitted


@pytest.mark.parametrize("role", [Role.DELEGATE, Role.TECHNICIAN])
def test_other_roles_have_to_be_admitted(role: Role) -> None:
    scene = Scene()
    session = scene.enter(account("khach", role))
    scene.say(session, Knock(None, "Khách"))
    assert scene.seat(session).waiting


def test_staff_have_to_give_unit_and_name_too() -> None:
    scene = Scene()
    chair = scene.enter(replace(CHAIR, unit=None))
    assert scene.refused(chair, Knock(None, "Chủ trì")) is Why.UNIT_MISSING
    assert scene.refused(chair, Knock("bgd", " ")) is Why.NAME_MISSING


def test_an_operator_can_admit_from_the_green_room() -> None:
    scene = Scene()
    operator, delegate = scene.enter(OPERATOR), scene.enter(account("nhi"))
    scene.say(delegate, Knock(None, "BS. Hoa"))
    scene.say(operator, Admit(scene.id(delegate)))
    assert scene.seat(delegate).admitted


def test_the_lobby_is_in_order_of_knocking_and_a_correction_keeps_the_place() -> None:
    scene = Scene()
    operator = scene.operator()
    sessions = [scene.enter(account(login)) for login in ("c", "a", "b")]
    for session in sessions:
        scene.say(session, Knock(None, "Tên"))
        scene.wait(1)
    scene.say(sessions[0], Knock("noi", "Tên khác", 3, 4))
    assert scene.lobby(operator) == [scene.id(session) for session in sessions]
    assert scene.seat(sessions[0]).unit == "noi"


def test_admit_all_lets_in_only_people_of_their_own_unit() -> None:
    scene = Scene()
    operator = scene.operator()
    own, other, none = (
        scene.enter(account("own")),
        scene.enter(account("other")),
        scene.enter(account("none", unit=None)),
    )
    scene.say(own, Knock(None, "A"))
    scene.say(other, Knock("noi", "B"))
    scene.say(none, Knock("nhi", "C"))
    scene.say(operator, AdmitAll())
    assert [scene.seat(s).admitted for s in (own, other, none)] == [True, False, False]


def test_admit_all_fills_the_room_in_order_and_says_when_there_is_no_place() -> None:
    scene = Scene(limits=replace(DEFAULT, room=2))
    operator = scene.operator()
    first, second = scene.enter(account("z")), scene.enter(account("a"))
    for session in (first, second):
        scene.say(session, Knock(None, "Tên"))
    scene.say(operator, AdmitAll())
    assert scene.seat(first).admitted
    assert scene.refused(operator, AdmitAll()) is Why.ROOM_FULL
    assert scene.refused(operator, Admit(scene.id(second))) is Why.ROOM_FULL


def test_a_full_room_does_not_lock_the_chair_out() -> None:
    scene = Scene(limits=replace(DEFAULT, room=1, staff_extra=1))
    scene.operator()
    assert scene.seat(scene.inside(CHAIR)).admitted
    late = scene.enter(account("late", Role.OPERATOR))
    assert scene.refused(late, Knock(None, "Thư ký hai")) is Why.ROOM_FULL


def test_a_full_lobby_says_so_but_lets_those_in_it_correct_themselves() -> None:
    scene = Scene(limits=replace(DEFAULT, lobby=1))
    first, second = scene.enter(account("a")), scene.enter(account("b"))
    scene.say(first, Knock(None, "A"))
    assert scene.refused(second, Knock(None, "B")) is Why.LOBBY_FULL
    scene.say(first, Knock(None, "A khác"))


def test_a_refusal_has_a_reason_and_the_person_may_knock_again() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(account("nhi"))
    scene.say(delegate, Knock(None, "Ai đó"))
    assert scene.refused(operator, Refuse(scene.id(delegate), "\t ")) is Why.REASON_MISSING
    scene.say(operator, Refuse(scene.id(delegate), "Ghi rõ họ tên"))
    told = scene.last(delegate, SeatChanged)
    assert (told.seat, told.reason) == (SeatState.REFUSED, "Ghi rõ họ tên")
    scene.say(delegate, Knock(None, "BS. Hoa"))
    told = scene.last(delegate, SeatChanged)
    assert (told.seat, told.reason) == (SeatState.WAITING, "")


def test_withdrawing_leads_back_to_the_green_room() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(account("nhi"))
    scene.say(delegate, Knock(None, "BS. Hoa"))
    scene.say(delegate, Withdraw())
    assert scene.last(delegate, SeatChanged).seat is SeatState.OUTSIDE
    assert scene.lobby(operator) == []


def test_nobody_is_admitted_twice_or_without_knocking() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(account("nhi"))
    assert scene.refused(operator, Admit(scene.id(delegate))) is Why.UNKNOWN_KNOCK
    inside = scene.inside(account("noi"))
    assert scene.refused(operator, Admit(scene.id(inside))) is Why.UNKNOWN_KNOCK


def test_people_in_the_lobby_do_not_see_who_is_inside() -> None:
    scene = Scene()
    scene.operator()
    delegate = scene.enter(account("nhi"))
    scene.say(delegate, Knock(None, "BS. Hoa"))
    scene.inside(account("noi"))
    assert scene.heard(delegate, Roster) == []


def test_a_removed_operator_waits_like_anybody_and_cannot_admit_themselves() -> None:
    scene = Scene()
    chair, rogue = scene.inside(CHAIR), scene.inside(account("op2", Role.OPERATOR))
    scene.say(chair, Kick(scene.id(rogue), "Quấy rối"))
    again = scene.enter(account("op2", Role.OPERATOR))
    scene.say(again, Knock(None, "Thư ký hai"))
    assert scene.seat(again).waiting
    assert scene.refused(again, Admit(scene.id(again))) is Why.NOT_ADMITTED
    scene.say(again, Withdraw())
    assert scene.seat(again).state is SeatState.REFUSED
    assert scene.refused(again, AdmitAll()) is Why.NOT_ADMITTED


def test_a_removed_person_is_let_in_alone_and_not_by_admit_all() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(account("nhi"))
    scene.say(operator, Kick(scene.id(delegate), "Gây ồn"))
    again = scene.enter(account("nhi"))
    scene.say(again, Knock(None, "Nhi"))
    scene.say(operator, AdmitAll())
    assert scene.seat(again).waiting
    scene.say(operator, Admit(scene.id(again)))
    assert scene.seat(again).admitted


def test_a_sysadmin_cannot_enter_and_nobody_can_enter_an_ended_meeting() -> None:
    scene = Scene()
    assert scene.try_enter(account("root", Role.SYSADMIN)) == Refused(Why.NOT_ALLOWED)
    scene.say(scene.operator(), EndMeeting())
    assert scene.try_enter(account("nhi")) == Refused(Why.MEETING_ENDED)
