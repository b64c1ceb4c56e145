"""Who may knock at all: opening time, composition, lock, bans, sending back, and the lobby's conversation."""

from dataclasses import replace

import pytest

from sfu import GateReason, Source
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import DepartureKind, Role, SeatState, Why
from signaling.protocol import (
    Admit,
    AdmitAll,
    Ban,
    Departures,
    Kick,
    Knock,
    LendChair,
    Lift,
    Lobby,
    LobbyTalk,
    Lock,
    Mute,
    Refuse,
    SeatChanged,
    SendBack,
    SetSource,
    Talk,
    Welcome,
    Withdraw,
)
from tests.support.control_room import CHAIR, MEETING, OPERATOR, Scene, account

NHI = account("nhi")
GUEST = account("khach", unit=None)
EIGHT_MS = 5_000_000
"""When the briefing of these tests starts; its lobby opens half an hour earlier."""
AT_EIGHT = replace(MEETING, starts_ms=EIGHT_MS, opens_before_s=1800)


def knocking(scene: Scene, login: str = "nhi", unit: str | None = "nhi") -> SessionId:
    session = scene.enter(account(login, unit=unit))
    scene.say(session, Knock(unit or "nhi", "BS. Hoa"))
    return session


# --- opening ---


def test_before_the_lobby_opens_only_staff_come_in() -> None:
    scene = Scene(meeting=AT_EIGHT, now_s=EIGHT_MS / 1000 - 1801)
    early = scene.enter(NHI)
    assert scene.last(early, Welcome).opens == EIGHT_MS - 1_800_000
    assert scene.refused(early, Knock(None, "BS. Hoa")) is Why.LOBBY_CLOSED
    assert scene.seat(scene.inside(CHAIR)).admitted
    scene.wait(1)
    scene.say(early, Knock(None, "BS. Hoa"))
    assert scene.seat(early).waiting


def test_a_removed_operator_does_not_count_as_staff_before_the_lobby_opens() -> None:
    scene = Scene(meeting=AT_EIGHT, now_s=1000)
    chair, operator = scene.inside(CHAIR), scene.inside(OPERATOR)
    scene.say(chair, Kick(scene.id(operator), "Quấy rối"))
    assert scene.refused(scene.enter(OPERATOR), Knock(None, "Thư ký")) is Why.LOBBY_CLOSED


# --- composition ---


def test_only_the_chair_can_let_an_outsider_in() -> None:
    scene = Scene(meeting=replace(MEETING, composition=frozenset({"nhi", "noi"})))
    operator, chair = scene.operator(), scene.inside(CHAIR)
    without, elsewhere = knocking(scene, "khach", None), knocking(scene, "ta-phin", "ta-phin")
    assert [(knock.expected, knock.outsider) for knock in scene.last(operator, Lobby).knocks] == [
        (False, True),
        (False, True),
    ]
    for session in (without, elsewhere):
        assert scene.refused(operator, Admit(scene.id(session))) is Why.NEEDS_CHAIR
        scene.say(chair, Admit(scene.id(session)))
        assert scene.seat(session).admitted


def test_an_operator_who_was_lent_the_chair_can_let_an_outsider_in() -> None:
    scene = Scene()
    operator, guest = scene.operator(), knocking(scene, "khach", None)
    scene.say(operator, LendChair(scene.id(operator)))
    scene.say(operator, Admit(scene.id(guest)))
    assert scene.seat(guest).admitted


def test_a_person_at_another_point_is_neither_expected_nor_an_outsider() -> None:
    scene = Scene()
    operator, session = scene.operator(), scene.enter(NHI)
    scene.say(session, Knock("noi", "BS. Hoa"))
    (knock,) = scene.last(operator, Lobby).knocks
    assert (knock.expected, knock.outsider) == (False, False)
    scene.say(operator, Admit(knock.id))


# --- lock ---


def test_a_locked_meeting_lets_in_staff_and_people_who_have_a_seat() -> None:
    scene = Scene()
    operator, inside, waiting = scene.operator(), scene.inside(NHI), knocking(scene, "noi", "noi")
    scene.say(operator, Lock(True))
    late = scene.enter(account("late"))
    assert scene.refused(late, Knock(None, "Muộn")) is Why.MEETING_LOCKED
    assert scene.refused(operator, Admit(scene.id(waiting))) is Why.MEETING_LOCKED
    assert scene.refused(operator, AdmitAll()) is Why.MEETING_LOCKED
    scene.drop(inside)
    assert scene.seat(scene.enter(NHI)).admitted
    assert scene.seat(scene.inside(CHAIR)).admitted
    scene.say(operator, Lock(False))
    scene.say(operator, AdmitAll())
    assert scene.seat(waiting).admitted


def test_the_lock_survives_a_restart() -> None:
    scene = Scene()
    scene.say(scene.operator(), Lock(True))
    again = scene.restarted()
    assert again.refused(again.enter(NHI), Knock(None, "BS. Hoa")) is Why.MEETING_LOCKED


# --- bans ---


def test_a_ban_is_by_account_and_a_new_browser_does_not_get_around_it() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(operator, Ban(scene.id(delegate), "Phát tán"))
    assert scene.dismissed[delegate] is Why.BANNED
    assert scene.endpoints == {}
    again = scene.enter(NHI)
    welcome = scene.last(again, Welcome)
    assert (welcome.seat, welcome.reason) == (SeatState.REFUSED, "Phát tán")
    assert scene.refused(again, Knock(None, "BS. Hoa")) is Why.BANNED
    assert scene.refused(scene.enter(NHI), Knock(None, "Tên khác")) is Why.BANNED
    (banned,) = scene.last(operator, Lobby).banned
    assert (banned.name, banned.reason) == ("Nhi", "Phát tán")
    (departure,) = scene.last(operator, Departures).departures
    assert departure.kind is DepartureKind.REMOVED


def test_banning_somebody_in_the_lobby_is_not_a_departure() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), knocking(scene)
    scene.say(operator, Ban(scene.id(delegate), "Người lạ"))
    told = scene.last(delegate, SeatChanged)
    assert (told.seat, told.reason) == (SeatState.REFUSED, "Người lạ")
    assert scene.refused(delegate, Knock(None, "BS. Hoa")) is Why.BANNED
    assert scene.refused(delegate, Talk("Cho em vào")) is Why.OUT_OF_ORDER
    assert scene.lobby(operator) == []
    assert scene.room.state.run.departures == ()


def test_a_ban_survives_a_restart_and_after_it_is_lifted_the_person_is_admitted_alone() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    banned = scene.id(delegate)
    scene.say(scene.operator(), Ban(banned, "Phát tán"))
    scene = scene.restarted()
    operator = scene.enter(OPERATOR)
    assert [one.participant for one in scene.last(operator, Lobby).banned] == [banned]
    scene.say(operator, Lift(banned))
    assert scene.last(operator, Lobby).banned == ()
    delegate = scene.enter(NHI)
    scene.say(delegate, Knock(None, "BS. Hoa"))
    scene.say(operator, AdmitAll())
    assert scene.seat(delegate).waiting
    scene.say(operator, Admit(banned))
    assert scene.seat(delegate).admitted


def test_only_some_people_may_ban_others() -> None:
    scene = Scene()
    operator, chair, delegate = scene.operator(), scene.inside(CHAIR), scene.inside(NHI)
    assert scene.refused(operator, Ban(scene.id(chair), "vì thế")) is Why.NOT_ALLOWED
    assert scene.refused(operator, Ban(scene.id(operator), "vì thế")) is Why.NOT_ALLOWED
    assert scene.refused(delegate, Ban(scene.id(operator), "vì thế")) is Why.NOT_ALLOWED
    assert scene.refused(operator, Ban(scene.id(delegate), "\u200b ")) is Why.REASON_MISSING
    assert scene.refused(operator, Ban("p-nobody", "vì thế")) is Why.UNKNOWN_PARTICIPANT
    assert scene.refused(operator, Lift(scene.id(delegate))) is Why.UNKNOWN_PARTICIPANT
    green = scene.enter(account("xanh"))
    assert scene.refused(operator, Ban(scene.id(green), "vì thế")) is Why.UNKNOWN_PARTICIPANT


def test_somebody_who_was_lent_the_chair_cannot_remove_the_accounts_own_chair() -> None:
    scene = Scene()
    operator = scene.operator()
    scene.say(operator, LendChair(scene.id(operator)))
    chair = scene.inside(CHAIR)
    for message in (
        Ban(scene.id(chair), "vì thế"),
        Kick(scene.id(chair), "vì thế"),
        SendBack(scene.id(chair), "vì thế"),
    ):
        assert scene.refused(operator, message) is Why.NOT_ALLOWED


def test_a_banned_operator_cannot_lift_a_ban() -> None:
    scene = Scene()
    chair, operator = scene.inside(CHAIR), scene.inside(OPERATOR)
    mine = scene.id(operator)
    scene.say(chair, Ban(mine, "vì thế"))
    again = scene.enter(OPERATOR)
    assert scene.refused(again, Lift(mine)) is Why.NOT_ADMITTED
    assert scene.refused(again, Knock(None, "Thư ký")) is Why.BANNED


# --- back to the lobby ---


def test_a_participant_who_is_sent_back_keeps_the_session_and_waits_at_the_end() -> None:
    scene = Scene()
    operator, delegate, first = scene.operator(), scene.inside(NHI), knocking(scene, "noi", "noi")
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.say(operator, SendBack(scene.id(delegate), "Chờ đến mục của khoa"))
    told = scene.last(delegate, SeatChanged)
    assert (told.seat, told.reason) == (SeatState.WAITING, "Chờ đến mục của khoa")
    assert delegate not in scene.dismissed
    assert scene.endpoints == {}
    assert scene.lobby(operator) == [scene.id(first), scene.id(delegate)]
    (departure,) = scene.last(operator, Departures).departures
    assert (departure.kind, departure.reason) == (DepartureKind.SENT_BACK, "Chờ đến mục của khoa")
    assert scene.refused(delegate, SetSource(Source.MICROPHONE, True)) is Why.NOT_ADMITTED


def test_a_participant_who_was_sent_back_is_admitted_alone_and_still_muted() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Mute(scene.id(delegate)))
    scene.say(operator, SendBack(scene.id(delegate), "Chờ"))
    waiting = scene.seat(delegate).gates
    assert all(GateReason.LOBBY in gate for gate in waiting.every().values())
    scene.say(operator, AdmitAll())
    assert scene.seat(delegate).waiting
    scene.say(operator, Admit(scene.id(delegate)))
    assert scene.seat(delegate).gates.microphone == GateReason.SELF | GateReason.HOST
    assert scene.seat(delegate).gates.camera == GateReason.SELF


def test_an_operator_who_was_sent_back_cannot_admit_themselves() -> None:
    scene = Scene()
    chair, operator = scene.inside(CHAIR), scene.inside(OPERATOR)
    scene.say(chair, SendBack(scene.id(operator), "Chờ"))
    assert scene.refused(operator, Admit(scene.id(operator))) is Why.NOT_ADMITTED
    scene.say(operator, Withdraw())
    scene.say(operator, Knock(None, "Thư ký"))
    assert scene.seat(operator).waiting


def test_nobody_can_be_sent_back_to_a_full_lobby() -> None:
    scene = Scene(limits=replace(DEFAULT, lobby=1))
    operator, delegate = scene.operator(), scene.inside(NHI)
    knocking(scene, "noi", "noi")
    assert scene.refused(operator, SendBack(scene.id(delegate), "Chờ")) is Why.LOBBY_FULL


# --- gates ---


def test_the_gates_say_where_a_person_is() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), knocking(scene)
    assert scene.seat(delegate).gates.microphone == GateReason.SELF | GateReason.LOBBY
    scene.say(operator, Admit(scene.id(delegate)))
    assert scene.seat(delegate).gates.microphone == GateReason.SELF
    scene.say(operator, Kick(scene.id(delegate), "Gây ồn"))
    gates = scene.room.state.seats[NHI.id].gates
    assert all(GateReason.LEFT in gate for gate in gates.every().values())


# --- conversation ---


def test_people_in_the_lobby_talk_with_the_staff_and_nobody_else_hears() -> None:
    scene = Scene()
    operator, chair, inside = scene.operator(), scene.inside(CHAIR), scene.inside(account("noi", unit="noi"))
    waiting, other = knocking(scene), knocking(scene, "khac")
    scene.say(waiting, Talk("  Tôi trực thay\nBS. Lan "))
    scene.say(operator, Talk("Chị chờ một phút", scene.id(waiting)))
    for session in (waiting, operator, chair):
        lines = scene.last(session, LobbyTalk).lines
        assert [(line.name, line.staff, line.text) for line in lines] == [
            ("BS. Hoa", False, "Tôi trực thay BS. Lan"),
            ("Operator", True, "Chị chờ một phút"),
        ]
    assert not scene.heard(inside, LobbyTalk)
    assert not scene.heard(other, LobbyTalk)


def test_the_conversation_is_sent_to_staff_who_come_later_and_to_the_person_who_comes_back() -> None:
    scene = Scene()
    waiting = knocking(scene)
    scene.say(waiting, Talk("Tôi trực thay"))
    operator = scene.operator()
    assert scene.last(operator, LobbyTalk).knock == scene.id(waiting)
    scene = scene.restarted()
    again = scene.enter(NHI)
    assert [line.text for line in scene.last(again, LobbyTalk).lines] == ["Tôi trực thay"]


def test_talk_is_bounded_in_length_and_pace() -> None:
    scene = Scene(limits=replace(DEFAULT, talk_lines=3))
    operator, waiting = scene.operator(), knocking(scene)
    for number in range(5):
        scene.say(waiting, Talk(f"Dòng {number}"))
        assert scene.refused(waiting, Talk("Nữa")) is Why.TOO_FAST
        scene.wait(DEFAULT.talk_every_s)
    assert [line.text for line in scene.last(operator, LobbyTalk).lines] == ["Dòng 2", "Dòng 3", "Dòng 4"]


def test_talk_without_a_valid_knock_or_text_is_refused() -> None:
    scene = Scene()
    operator, waiting, other = scene.operator(), knocking(scene), knocking(scene, "khac")
    inside = scene.inside(account("noi", unit="noi"))
    assert scene.refused(waiting, Talk("\u202e\n")) is Why.BAD_MESSAGE
    assert scene.refused(waiting, Talk("Chào", scene.id(other))) is Why.UNKNOWN_KNOCK
    assert scene.refused(operator, Talk("Ai đó?")) is Why.UNKNOWN_KNOCK
    assert scene.refused(operator, Talk("Chào", scene.id(inside))) is Why.UNKNOWN_KNOCK
    assert scene.refused(inside, Talk("Chào", scene.id(waiting))) is Why.NOT_ALLOWED
    assert scene.refused(scene.enter(account("xanh")), Talk("Chào")) is Why.OUT_OF_ORDER


@pytest.mark.parametrize("role", [Role.DELEGATE, Role.TECHNICIAN])
def test_delegates_and_technicians_inside_cannot_manage_the_door(role: Role) -> None:
    scene = Scene()
    waiting, inside = knocking(scene), scene.inside(account("noi", role, "noi"))
    who = scene.id(waiting)
    for message in (Ban(who, "vì"), Lift(who), SendBack(who, "vì"), Lock(True), Refuse(who, "vì")):
        assert scene.refused(inside, message) is Why.NOT_ALLOWED
