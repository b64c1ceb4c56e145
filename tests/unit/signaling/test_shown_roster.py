"""A storm of arrivals is shown in few rosters; a single change at once."""

from dataclasses import replace

from sfu import Source
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import SeatState
from signaling.protocol import AdmitAll, Knock, Lobby, Mute, Roster, SeatChanged, SendBack
from signaling.room.state.effects import Keep
from signaling.room.state.inputs import Elapsed
from signaling.room.views import roster
from tests.support.control_room import Scene, account

LIMITS = replace(DEFAULT, roster_every_s=0.1)


def shown(scene: Scene, session: SessionId) -> bool:
    """The newest roster that this session has is the roster as it is."""
    rosters = scene.heard(session, Roster)
    return bool(rosters) and rosters[-1].participants == roster.participants(scene.room.state)


def test_one_change_is_shown_at_once_and_those_right_after_it_together() -> None:
    scene = Scene(limits=LIMITS, paced=True)
    operator, *people = scene.operator(), *(scene.inside(account(f"d{n}")) for n in range(3))
    scene.wait(5)
    scene.now_s += 5
    scene.forget()
    for session in people:
        scene.say(operator, Mute(scene.id(session), Source.MICROPHONE))
        scene.now_s += 0.01
    assert len(scene.heard(operator, Roster)) == 1
    assert not shown(scene, operator)
    due_s = scene.room.roster_due_s
    assert due_s is not None
    scene.now_s = due_s
    scene.apply(Elapsed())
    assert len(scene.heard(operator, Roster)) == 2
    assert shown(scene, operator)
    assert scene.room.roster_due_s is None


def test_somebody_who_comes_in_sees_everybody_at_once_however_many_come() -> None:
    scene = Scene(limits=replace(LIMITS, room=200), paced=True)
    operator = scene.operator()
    for n in range(100):
        session = scene.inside(account(f"d{n}"))
        assert shown(scene, session)
        scene.now_s += 0.01
    assert len(scene.heard(operator, Roster)) <= 12
    scene.wait(0.2)
    assert shown(scene, operator)


def test_somebody_who_is_sent_back_meanwhile_is_not_shown_what_happens_then() -> None:
    scene = Scene(limits=LIMITS, paced=True)
    operator, victim, other = scene.operator(), scene.inside(account("d1")), scene.inside(account("d2"))
    scene.wait(5)
    scene.now_s += 5
    scene.forget()
    scene.say(operator, Mute(scene.id(other), Source.MICROPHONE))
    scene.say(operator, SendBack(scene.id(victim), "chờ"))
    scene.say(operator, Mute(scene.id(other), Source.CAMERA))
    scene.wait(1)
    assert len(scene.heard(victim, Roster)) == 1  # of before it was sent back
    assert shown(scene, operator)


def test_a_refused_input_leaves_what_is_due_as_it_was() -> None:
    scene = Scene(limits=LIMITS, paced=True)
    operator, session = scene.operator(), scene.inside(account("d1"))
    scene.say(operator, Mute(scene.id(session), Source.MICROPHONE))
    due_s = scene.room.roster_due_s
    before = scene.room.checkpoint()
    scene.now_s += 1
    scene.apply(Elapsed())
    assert scene.room.roster_due_s is None
    scene.room.restore(before)
    assert scene.room.roster_due_s == due_s


def test_a_hundred_are_let_in_by_one_order_with_one_list_for_each_and_one_write() -> None:
    scene = Scene(limits=replace(LIMITS, room=200, lobby=200), paced=True)
    operator = scene.operator()
    people = [scene.enter(account(f"d{n}")) for n in range(100)]
    for session in people:
        scene.say(session, Knock("nhi", "BS. Hoa"))
    scene.wait(1)
    scene.forget()
    scene.say(operator, AdmitAll())
    assert len(scene.heard(operator, Roster)) == len(scene.heard(operator, Lobby)) == 1
    for session in people:
        assert scene.last(session, SeatChanged).seat is SeatState.ADMITTED
        assert len(scene.heard(session, Roster)) == 1
        assert shown(scene, session)
    first = [effect for effect in scene.effects if isinstance(effect, Keep) and effect.first]
    assert len({who for effect in first for who in effect.accounts}) == 100
