"""The chair is handed over, taken back and lent, and nobody is locked out of their own meeting."""

from sfu import GateReason, Source
from signaling.model.ids import SessionId
from signaling.model.words import FloorMode, Role, Why
from signaling.protocol import (
    Admit,
    Floor,
    HandChair,
    Knock,
    Leave,
    LendChair,
    Lobby,
    MuteAll,
    Roster,
    SetRules,
    SetSource,
    TakeChair,
)
from tests.support.control_room import CHAIR, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")
TECHNICIAN = account("ky-thuat", Role.TECHNICIAN, "tchc")


def role(scene: Scene, session: SessionId) -> Role:
    views = {view.id: view for view in scene.last(session, Roster).participants}
    return views[scene.id(session)].role


def test_the_chair_is_handed_over_with_all_its_rights() -> None:
    scene = Scene()
    chair, deputy = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, HandChair(scene.id(deputy)))
    assert (role(scene, chair), role(scene, deputy)) == (Role.DELEGATE, Role.CHAIR)
    assert scene.last(chair, Floor).chairs == (scene.id(deputy),)
    scene.say(deputy, SetRules(mode=FloorMode.MODERATED))
    assert scene.refused(chair, MuteAll()) is Why.NOT_ALLOWED
    assert GateReason.FLOOR in scene.seat(chair).gates.microphone
    scene.say(deputy, SetSource(Source.MICROPHONE, True))


def test_a_participant_who_is_given_the_chair_sees_the_lobby_and_can_admit() -> None:
    scene = Scene()
    chair, deputy = scene.inside(CHAIR), scene.inside(NHI)
    waiting = scene.enter(NOI)
    scene.say(waiting, Knock(None, "BS. Nội"))
    assert scene.heard(deputy, Lobby) == []
    scene.say(chair, HandChair(scene.id(deputy)))
    assert scene.lobby(deputy) == [scene.id(waiting)]
    scene.say(deputy, Admit(scene.id(waiting)))


def test_the_accounts_own_chair_takes_the_chair_back_from_anybody() -> None:
    scene = Scene()
    chair, deputy, third = scene.inside(CHAIR), scene.inside(NHI), scene.inside(NOI)
    scene.say(chair, HandChair(scene.id(deputy)))
    scene.say(deputy, HandChair(scene.id(third)))
    assert role(scene, deputy) is Role.DELEGATE
    assert scene.refused(third, TakeChair()) is Why.NOT_ALLOWED
    scene.say(chair, TakeChair())
    assert (role(scene, chair), role(scene, third)) == (Role.CHAIR, Role.DELEGATE)
    scene.say(chair, TakeChair())
    assert scene.effects == ()


def test_an_operator_can_lend_the_chair_only_while_the_chair_is_offline() -> None:
    scene = Scene()
    operator, chair, deputy = scene.operator(), scene.inside(CHAIR), scene.inside(NHI)
    assert scene.refused(operator, LendChair(scene.id(deputy))) is Why.CHAIR_PRESENT
    scene.drop(chair)
    scene.say(operator, LendChair(scene.id(deputy)))
    assert role(scene, deputy) is Role.CHAIR
    assert scene.refused(operator, LendChair(scene.id(operator))) is Why.CHAIR_PRESENT
    back = scene.enter(CHAIR)
    assert role(scene, back) is Role.CHAIR
    scene.say(back, TakeChair())
    assert role(scene, deputy) is Role.DELEGATE


def test_operators_can_lend_the_chair_to_themselves() -> None:
    scene = Scene()
    operator = scene.operator()
    scene.say(operator, LendChair(scene.id(operator)))
    assert role(scene, operator) is Role.CHAIR
    scene.say(operator, SetRules(mode=FloorMode.ORDERED))


def test_the_chair_cannot_go_to_somebody_who_cannot_preside() -> None:
    scene = Scene()
    operator, chair = scene.operator(), scene.inside(CHAIR)
    technician, away, outside = scene.inside(TECHNICIAN), scene.inside(NHI), scene.enter(NOI)
    gone = scene.id(away)
    scene.drop(away)
    assert scene.refused(chair, HandChair(scene.id(technician))) is Why.NOT_ALLOWED
    assert scene.refused(chair, HandChair(scene.id(chair))) is Why.NOT_ALLOWED
    for nobody in (gone, scene.id(outside), "p-nobody"):
        assert scene.refused(chair, HandChair(nobody)) is Why.UNKNOWN_PARTICIPANT
    assert scene.refused(operator, HandChair(scene.id(technician))) is Why.NOT_ALLOWED


def test_a_lent_chair_ends_with_the_seat() -> None:
    scene = Scene()
    chair, deputy = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, HandChair(scene.id(deputy)))
    scene.say(deputy, Leave())
    again = scene.enter(NHI)
    assert scene.seat(again).role is Role.DELEGATE
    scene.say(chair, TakeChair())
    assert role(scene, chair) is Role.CHAIR


def test_a_chair_who_gave_the_chair_away_comes_back_in_without_being_admitted() -> None:
    scene = Scene()
    chair, deputy = scene.inside(CHAIR), scene.inside(NHI)
    scene.say(chair, HandChair(scene.id(deputy)))
    scene.say(chair, Leave())
    again = scene.enter(CHAIR)
    scene.say(again, Knock(None, "BS. Trưởng"))
    assert scene.seat(again).admitted


def test_the_chair_survives_a_restart_of_the_control_plane() -> None:
    before = Scene()
    chair, deputy = before.inside(CHAIR), before.inside(NHI)
    before.say(chair, HandChair(before.id(deputy)))
    after = before.restarted()
    assert {seat.account.id: seat.role for seat in after.room.state.admitted()} == {
        "chair": Role.DELEGATE,
        "nhi": Role.CHAIR,
        "operator": Role.OPERATOR,
    }
