"""A technician sees everybody's line, and hears and sees the meeting only by the chair's permission."""

import pytest

import sfu
from sfu import GateReason, Source
from signaling.model.ids import SessionId
from signaling.model.words import Permission, Role, Why
from signaling.protocol import (
    Ask,
    Decide,
    Decision,
    Floor,
    Knock,
    Lines,
    MediaLost,
    Offer,
    Requests,
    Roster,
    SetSource,
)
from signaling.room.state.effects import Media
from tests.support.control_room import CHAIR, Scene, account

TECHNICIAN = account("ky-thuat", Role.TECHNICIAN, "tchc")
LISTEN = Permission.LISTEN
MINUTE_S = 60.0


def listening(scene: Scene, minutes: int = 10) -> tuple[SessionId, SessionId]:
    """A chair, and a technician who may listen and has a transport."""
    chair, technician = scene.inside(CHAIR), scene.inside(TECHNICIAN)
    scene.say(technician, Ask(LISTEN, "Tiếng vọng"))
    scene.say(chair, Decide(scene.id(technician), LISTEN, True, minutes=minutes))
    scene.offer(technician)
    return chair, technician


def until(scene: Scene, who: SessionId, seen_by: SessionId) -> int:
    roster = scene.last(seen_by, Roster).participants
    return next(p.listens for p in roster if p.id == scene.id(who))


def test_a_technician_has_no_transport_but_sees_people_floor_and_lines() -> None:
    scene = Scene()
    delegate, technician = scene.inside(account("nhi")), scene.inside(TECHNICIAN)
    scene.offer(delegate)
    scene.report(sfu.LineReport(scene.endpoint(delegate), 80, 0, 0, 0, 0))
    assert scene.refused(technician, Offer("v=0")) is Why.NEEDS_PERMISSION
    assert scene.refused(technician, SetSource(Source.MICROPHONE, True)) is Why.NEEDS_PERMISSION
    scene.wait(3)
    assert [series.participant for series in scene.last(technician, Lines).lines] == [scene.id(delegate)]
    assert len(scene.roster(technician)) == 3
    assert scene.heard(technician, Floor)
    assert not scene.heard(delegate, Lines)


def test_only_the_chair_can_let_a_technician_listen() -> None:
    scene = Scene()
    operator, technician = scene.operator(), scene.inside(TECHNICIAN)
    scene.say(technician, Ask(LISTEN, "Tiếng vọng"))
    assert len(scene.last(operator, Requests).requests) == 1
    assert scene.refused(operator, Decide(scene.id(technician), LISTEN, True)) is Why.NEEDS_CHAIR
    assert scene.refused(operator, Decide(scene.id(technician), LISTEN, False)) is Why.NEEDS_CHAIR
    chair = scene.inside(CHAIR)
    scene.say(chair, Decide(scene.id(technician), LISTEN, False, "Đang bàn việc riêng"))
    assert scene.last(technician, Decision) == Decision(LISTEN, False, "Đang bàn việc riêng")
    assert scene.refused(technician, Offer("v=0")) is Why.NEEDS_PERMISSION


def test_only_a_technician_can_be_given_permission_to_listen() -> None:
    scene = Scene()
    chair, delegate = scene.inside(CHAIR), scene.inside(account("nhi"))
    assert scene.refused(chair, Decide(scene.id(delegate), LISTEN, True)) is Why.NOT_ALLOWED


def test_everybody_sees_that_a_technician_listens_and_it_ends_by_itself() -> None:
    scene = Scene()
    chair, technician = listening(scene)
    delegate = scene.inside(account("nhi"))
    ends_ms = int((scene.now_s + 10 * MINUTE_S) * 1000)
    assert scene.last(technician, Decision).until == ends_ms
    for session in (chair, delegate, technician):
        assert until(scene, technician, session) == ends_ms
    assert scene.room.next_deadline() == scene.now_s + 10 * MINUTE_S
    scene.wait(10 * MINUTE_S - 1)
    assert scene.id(technician) in scene.endpoints
    scene.wait(1)
    assert scene.endpoints == {}
    assert scene.last(technician, MediaLost).why is Why.NEEDS_PERMISSION
    assert until(scene, technician, delegate) == 0
    assert scene.refused(technician, Offer("v=0")) is Why.NEEDS_PERMISSION


def test_the_gates_hold_for_a_listening_technician_like_for_anybody() -> None:
    scene = Scene()
    chair, technician = listening(scene)
    scene.say(technician, SetSource(Source.MICROPHONE, True))
    assert scene.endpoints[scene.id(technician)][Source.MICROPHONE] is GateReason.OPEN
    scene.say(chair, Decide(scene.id(technician), LISTEN, False))
    assert scene.endpoints == {}
    assert GateReason.SELF in scene.seat(technician).gates.microphone


def test_the_chair_can_give_more_time_before_it_is_over() -> None:
    scene = Scene()
    chair, technician = listening(scene, minutes=1)
    scene.say(technician, Ask(LISTEN, "Chưa xong"))
    scene.wait(50)
    scene.say(chair, Decide(scene.id(technician), LISTEN, True, minutes=1))
    scene.wait(50)
    assert scene.id(technician) in scene.endpoints
    scene.wait(10)
    assert scene.endpoints == {}


def test_taking_the_permission_back_cuts_the_transport_even_of_a_technician_who_is_away() -> None:
    scene = Scene()
    chair, technician = listening(scene)
    scene.drop(technician)
    scene.say(chair, Decide(scene.id(technician), LISTEN, False))
    assert scene.endpoints == {}
    again = scene.enter(TECHNICIAN, resume=technician)
    assert scene.last(again, MediaLost).why is Why.NEEDS_PERMISSION


def test_an_offer_that_crosses_the_end_leaves_nothing_open() -> None:
    scene = Scene()
    chair, technician = scene.inside(CHAIR), scene.inside(TECHNICIAN)
    scene.say(chair, Decide(scene.id(technician), LISTEN, True, minutes=1))
    scene.say(technician, Offer("v=0"))
    negotiation = scene.effects
    scene.wait(MINUTE_S)
    closed = [effect.command for effect in scene.effects if isinstance(effect, Media)]
    assert closed == [sfu.CloseEndpoint(scene.endpoint(technician))]  # after the offer, in the same order
    scene.effects = negotiation
    scene.answer(technician, sfu.Opened("v=0 answer", ()))
    assert not scene.seat(technician).offered


@pytest.mark.parametrize(("away_s", "left"), [(30.0, 1), (120.0, 0)])
def test_the_time_goes_on_through_a_restart(away_s: float, left: int) -> None:
    scene = Scene()
    listening(scene, minutes=1)
    now_s = scene.now_s + away_s
    scene.now_s = now_s
    scene = scene.restarted()
    scene.wait(0)
    assert len(scene.endpoints) == left


def test_before_admission_a_technician_gets_nothing() -> None:
    scene = Scene()
    scene.inside(CHAIR)
    technician = scene.enter(TECHNICIAN)
    scene.say(technician, Knock(None, "Kỹ thuật"))
    assert scene.refused(technician, Ask(LISTEN, "Tiếng vọng")) is Why.NOT_ADMITTED
    assert not scene.heard(technician, Lines)
    assert not scene.heard(technician, Roster)
