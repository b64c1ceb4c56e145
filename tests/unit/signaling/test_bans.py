"""A ban holds until it is lifted or has ended, whatever run it is."""

import pytest

from signaling.model.ids import AccountId, Instant
from signaling.model.meeting import Meeting
from signaling.model.seat import banned_again
from signaling.model.words import SeatState, Why
from signaling.protocol import Ban, EndMeeting, Knock, Lift, Lobby, Welcome
from signaling.room.rules.bans import DAY_MS, LOOK_S
from signaling.room.state.effects import Keep, Note
from signaling.room.state.inputs import Elapsed, Lifted
from tests.support.control_room import MEETING, OPERATOR, Scene, account

NHI = account("nhi")
NEXT = Meeting(MEETING.id, MEETING.code, MEETING.title, 2, False)


def banned(scene: Scene, days: int = 0) -> str:
    """The id of somebody who was inside and is banned."""
    who = scene.id(scene.inside(NHI))
    scene.say(scene.operator(), Ban(who, "Phát tán", days))
    return who


def listed(scene: Scene) -> list[tuple[str, int]]:
    return [(one.participant, one.until) for one in scene.last(scene.operator(), Lobby).banned]


def notes(scene: Scene) -> list[str]:
    return [effect.event for effect in scene.effects if isinstance(effect, Note)]


def next_run(scene: Scene) -> Scene:
    """The meeting ends and is opened again, as the store does it."""
    scene.say(scene.operator(), EndMeeting())
    seats = [seat.kept() for seat in scene.room.state.seats.values()]
    return Scene(seats=tuple(map(banned_again, seats)), meeting=NEXT, now_s=scene.now_s + 86_400)


def test_a_ban_without_an_end_holds_in_every_run_until_it_is_lifted() -> None:
    scene = Scene()
    who = banned(scene)
    again = scene.enter(NHI)
    for _ in range(3):
        scene = next_run(scene)
        again = scene.enter(NHI)
        welcome = scene.last(again, Welcome)
        assert (welcome.seat, welcome.reason) == (SeatState.REFUSED, "Phát tán")
        assert scene.refused(again, Knock(None, "BS. Hoa")) is Why.BANNED
        assert listed(scene) == [(who, 0)]
    scene.wait(400 * 86_400)
    assert listed(scene) == [(who, 0)]
    scene.say(scene.operator(), Lift(who))
    assert listed(scene) == []
    scene.say(again, Knock(None, "BS. Hoa"))


def test_only_those_who_are_banned_are_known_to_the_next_run() -> None:
    scene = Scene()
    banned(scene)
    scene.inside(account("noi"))
    assert list(next_run(scene).room.state.seats) == [NHI.id]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_ban_with_an_end_is_over_by_itself(restarted: bool) -> None:
    scene = Scene()
    who = banned(scene, days=7)
    until_ms = scene.now.unix_ms + 7 * DAY_MS
    if restarted:
        scene = scene.restarted()
        scene.enter(OPERATOR)
    scene.wait(7 * 86_400 - 1)
    assert listed(scene) == [(who, until_ms)]
    assert scene.refused(scene.enter(NHI), Knock(None, "BS. Hoa")) is Why.BANNED
    scene.wait(1)
    assert notes(scene) == ["ban-lifted"]
    assert Keep((NHI.id,)) in scene.effects
    assert listed(scene) == []
    scene.say(scene.enter(NHI), Knock(None, "BS. Hoa"))


def test_the_end_is_a_time_by_the_clock_on_the_wall_and_is_seen_within_a_minute() -> None:
    scene = Scene()
    banned(scene, days=1)
    deadline_s = scene.room.next_deadline()
    assert deadline_s is not None
    assert deadline_s <= scene.now_s + LOOK_S
    scene.room.apply(Elapsed(), Instant(scene.now_s + LOOK_S, scene.now.unix_ms + DAY_MS))
    assert not scene.room.state.seats[NHI.id].banned


def test_a_ban_that_was_lifted_at_the_terminal_is_lifted_here_and_no_other() -> None:
    scene = Scene()
    banned(scene)
    scene.apply(Lifted(frozenset((AccountId("noi"),))))
    assert len(listed(scene)) == 1
    scene.apply(Lifted(frozenset((NHI.id,))))
    assert listed(scene) == []
