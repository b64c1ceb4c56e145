"""Permissions: asked for, decided, granted unasked, taken back, and over."""

from dataclasses import replace

from sfu import GateReason, Source
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import Permission, Role, Why
from signaling.protocol import (
    Ask,
    Decide,
    Decision,
    Leave,
    Mute,
    Requests,
    Roster,
    SendBack,
    SetRules,
    SetSource,
    Unask,
)
from tests.support.control_room import CHAIR, OPERATOR, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")
LEAVE, SCREEN = Permission.LEAVE, Permission.SCREEN


def asked(scene: Scene, session: SessionId) -> list[tuple[str, Permission, str]]:
    """The requests that this session is shown as waiting."""
    return [(r.participant, r.permission, r.reason) for r in scene.last(session, Requests).requests]


def may_leave(scene: Scene, session: SessionId) -> bool:
    """The participant as everybody sees them."""
    roster = scene.last(session, Roster).participants
    return next(p.may_leave for p in roster if p.id == scene.id(session))


def test_a_request_is_shown_only_to_staff_and_to_its_own_person() -> None:
    scene = Scene()
    operator, chair = scene.operator(), scene.inside(CHAIR)
    asker, other = scene.inside(NHI), scene.inside(NOI)
    scene.say(asker, Ask(LEAVE, " Cấp cứu "))
    wanted = [(scene.id(asker), LEAVE, "Cấp cứu")]
    assert asked(scene, operator) == asked(scene, chair) == asked(scene, asker) == wanted
    assert asked(scene, other) == []


def test_asking_again_corrects_the_reason_and_keeps_the_place() -> None:
    scene = Scene()
    operator, first, second = scene.operator(), scene.inside(NHI), scene.inside(NOI)
    scene.say(first, Ask(LEAVE, "Cấp cứu"))
    scene.say(second, Ask(SCREEN))
    scene.say(first, Ask(LEAVE, "Có ca mổ"))
    assert asked(scene, operator) == [
        (scene.id(first), LEAVE, "Có ca mổ"),
        (scene.id(second), SCREEN, ""),
    ]


def test_to_leave_needs_a_reason() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    assert scene.refused(delegate, Ask(LEAVE, " ")) is Why.REASON_MISSING


def test_permission_to_leave_is_granted_by_the_operator_stored_first_and_seen_by_all() -> None:
    scene = Scene()
    operator, delegate, other = scene.operator(), scene.inside(NHI), scene.inside(NOI)
    scene.say(delegate, Ask(LEAVE, "Cấp cứu"))
    scene.say(operator, Decide(scene.id(delegate), LEAVE, True))
    assert scene.kept_first()
    assert scene.last(delegate, Decision) == Decision(LEAVE, True)
    assert may_leave(scene, delegate)
    assert asked(scene, operator) == asked(scene, delegate) == []
    assert any(p.may_leave for p in scene.last(other, Roster).participants)
    assert scene.restarted().room.state.seats[NHI.id].may_leave


def test_a_refusal_says_why_and_the_person_may_ask_again() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(delegate, Ask(LEAVE, "Bận"))
    scene.say(operator, Decide(scene.id(delegate), LEAVE, False, "Chờ hết phần của khoa"))
    assert scene.last(delegate, Decision) == Decision(LEAVE, False, "Chờ hết phần của khoa")
    assert not may_leave(scene, delegate)
    scene.say(delegate, Ask(LEAVE, "Có ca mổ"))
    assert asked(scene, operator) == [(scene.id(delegate), LEAVE, "Có ca mổ")]


def test_the_chair_grants_unasked_and_takes_back_and_the_operator_cannot() -> None:
    scene = Scene()
    operator, chair, delegate = scene.operator(), scene.inside(CHAIR), scene.inside(NHI)
    who = scene.id(delegate)
    assert scene.refused(operator, Decide(who, LEAVE, True)) is Why.NOT_ASKED
    assert scene.refused(chair, Decide(who, LEAVE, False)) is Why.NOT_ASKED
    scene.say(chair, Decide(who, LEAVE, True))
    assert may_leave(scene, delegate)
    assert scene.refused(operator, Decide(who, LEAVE, False)) is Why.NOT_ASKED
    scene.say(chair, Decide(who, LEAVE, False, "Ở lại"))
    assert scene.last(delegate, Decision) == Decision(LEAVE, False, "Ở lại")
    assert not may_leave(scene, delegate)


def test_a_person_who_stays_after_all_gives_the_permission_back() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(delegate, Unask(LEAVE))  # no mistake without a request: it may cross the decision
    scene.say(delegate, Ask(LEAVE, "Cấp cứu"))
    scene.say(delegate, Unask(LEAVE))
    assert asked(scene, operator) == []
    scene.say(delegate, Ask(LEAVE, "Cấp cứu"))
    scene.say(operator, Decide(scene.id(delegate), LEAVE, True))
    scene.say(delegate, Unask(LEAVE))
    assert not may_leave(scene, delegate)


def test_a_person_who_has_the_permission_already_is_told_so_at_once() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Ask(LEAVE))
    assert scene.last(operator, Decision) == Decision(LEAVE, True)
    scene.say(operator, Ask(SCREEN))
    assert scene.last(operator, Decision) == Decision(SCREEN, True)
    scene.say(delegate, Ask(SCREEN))
    scene.say(operator, Decide(scene.id(delegate), SCREEN, True))
    scene.forget()
    scene.say(delegate, Ask(SCREEN))
    assert scene.last(delegate, Decision) == Decision(SCREEN, True)
    assert scene.room.state.run.requests == ()


def test_a_screen_permission_is_for_one_share_and_its_person_presses() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    screen = SetSource(Source.SCREEN, True)
    assert scene.refused(delegate, screen) is Why.NEEDS_PERMISSION
    scene.say(delegate, Ask(SCREEN, "Bệnh án"))
    scene.say(operator, Decide(scene.id(delegate), SCREEN, True))
    assert scene.endpoints[scene.id(delegate)][Source.SCREEN] is GateReason.SELF
    scene.say(delegate, screen)
    assert scene.endpoints[scene.id(delegate)][Source.SCREEN] is GateReason.OPEN
    scene.say(delegate, SetSource(Source.SCREEN, False))
    assert scene.refused(delegate, screen) is Why.NEEDS_PERMISSION


def test_a_screen_whose_permission_is_taken_back_or_that_is_muted_shuts_at_once() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    who, screen = scene.id(delegate), SetSource(Source.SCREEN, True)
    scene.offer(delegate)
    for end in (Decide(who, SCREEN, False), Mute(who, Source.SCREEN)):
        scene.say(chair, Decide(who, SCREEN, True))
        scene.say(delegate, screen)
        scene.say(chair, end)
        assert scene.endpoints[who][Source.SCREEN] == GateReason.SELF | GateReason.HOST
        assert scene.refused(delegate, screen) is Why.NEEDS_PERMISSION


def test_two_people_may_have_the_permission_but_only_one_shares() -> None:
    scene = Scene()
    chair, first, second = scene.inside(CHAIR), scene.inside(NHI), scene.inside(NOI)
    for session in (first, second):
        scene.say(chair, Decide(scene.id(session), SCREEN, True))
    scene.say(first, SetSource(Source.SCREEN, True))
    assert scene.refused(second, SetSource(Source.SCREEN, True)) is Why.SCREEN_TAKEN
    scene.say(first, SetSource(Source.SCREEN, False))
    scene.say(second, SetSource(Source.SCREEN, True))


def test_without_the_rule_nobody_needs_to_ask_for_the_screen() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, SetRules(screen_by_permission=False))
    scene.say(delegate, SetSource(Source.SCREEN, True))


def test_requests_disappear_with_their_person() -> None:
    scene = Scene()
    operator, first, second = scene.operator(), scene.inside(NHI), scene.inside(NOI)
    for session in (first, second):
        scene.say(session, Ask(SCREEN))
        scene.say(session, Ask(LEAVE, "Bận"))
    scene.say(first, Leave())
    scene.say(operator, SendBack(scene.id(second), "Chờ"))
    assert asked(scene, operator) == []


def test_a_request_survives_a_lost_line_and_a_restart() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.say(delegate, Ask(LEAVE, "Cấp cứu"))
    scene.drop(delegate)
    scene = scene.restarted()
    again, operator = scene.enter(NHI), scene.enter(OPERATOR)
    wanted = [(scene.id(again), LEAVE, "Cấp cứu")]
    assert asked(scene, again) == asked(scene, operator) == wanted


def test_requests_are_bounded() -> None:
    scene = Scene(limits=replace(DEFAULT, requests=1))
    first, second = scene.inside(NHI), scene.inside(NOI)
    scene.say(first, Ask(SCREEN))
    assert scene.refused(second, Ask(SCREEN)) is Why.QUEUE_FULL
    scene.say(first, Ask(SCREEN, "Bệnh án"))


def test_only_some_people_may_decide_and_only_about_some() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    assert scene.refused(delegate, Decide(scene.id(delegate), LEAVE, True)) is Why.NOT_ALLOWED
    assert scene.refused(operator, Decide("p-nobody", LEAVE, True)) is Why.UNKNOWN_PARTICIPANT
    assert scene.refused(delegate, Ask(Permission.LISTEN)) is Why.NOT_ALLOWED
    green = scene.enter(account("xanh", Role.DELEGATE))
    assert scene.refused(green, Ask(LEAVE, "Bận")) is Why.NOT_ADMITTED
