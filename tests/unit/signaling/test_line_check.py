"""Line checks before admission: what they may do, how they end, how many there are."""

from dataclasses import replace

import pytest

import sfu
from sfu import EndpointId, EndpointState, Failure, GateReason, LineReport, Source
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import SeatState, Why
from signaling.protocol import (
    Admit,
    Answer,
    CheckLine,
    CheckOver,
    EndCheck,
    EndMeeting,
    Knock,
    Lines,
    Offer,
    OwnLine,
    Refusal,
    Roster,
    Withdraw,
)
from signaling.protocol.line_views import Quality
from signaling.room.state.effects import Media, Negotiate, Refused
from signaling.room.state.inputs import Dropped, Said
from tests.support.control_room import CHAIR, SLOTS, Scene, account

NHI, NOI = account("nhi"), account("noi", unit="noi")


def closed(scene: Scene) -> list[str]:
    commands = (effect.command for effect in scene.effects if isinstance(effect, Media))
    return [command.endpoint for command in commands if isinstance(command, sfu.CloseEndpoint)]


def running(scene: Scene) -> list[SessionId]:
    return list(scene.room.state.checks)


def test_a_check_opens_a_shut_endpoint_alone_in_a_room_of_its_own() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.say(delegate, CheckLine("v=0", id=5))
    (asked,) = (effect for effect in scene.effects if isinstance(effect, Negotiate))
    name = f"check-{delegate}"
    shut = dict.fromkeys(Source, GateReason.LOBBY)
    assert asked.command == sfu.OpenEndpoint(sfu.RoomId(name), EndpointId(name), "v=0", shut, check=True)
    assert asked.command.room != scene.room.state.room_id
    scene.answer(delegate, sfu.Opened("v=0 answer", SLOTS))
    assert scene.last(delegate, Answer) == Answer("v=0 answer", to=5)
    assert scene.seat(delegate).state is SeatState.OUTSIDE


def test_no_message_leads_into_the_room_of_a_check() -> None:
    """An offer goes into the meeting's room, a check into its own session's: no message names a room."""
    scene = Scene()
    checked = scene.enter(NHI)
    scene.check(checked)
    other = scene.inside(NOI)
    scene.say(other, Offer("v=0"))
    (asked,) = (effect for effect in scene.effects if isinstance(effect, Negotiate))
    assert isinstance(asked.command, sfu.OpenEndpoint)
    assert asked.command.room == scene.room.state.room_id
    third = scene.enter(account("ta-phin", unit="ta-phin"))
    scene.check(third)
    rooms = [scene.rooms[f"check-{session}"] for session in (checked, third)]
    assert len({*rooms, scene.room.state.room_id}) == 3


def test_measurements_are_sent_only_to_the_session_that_is_checked() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(NHI)
    scene.check(delegate)
    scene.forget()
    me = EndpointId(f"check-{delegate}")
    for _ in range(2):
        scene.report(LineReport(me, 240, 0, 60, 150_000, 300_000, 310_000, 20, path="tcp"))
    line = scene.last(delegate, OwnLine).line
    assert (line.path, line.estimate_kbps, line.quality) == ("tcp", 310, Quality.FAIR)
    scene.wait(5)
    assert not any(scene.heard(operator, kind) for kind in (OwnLine, Lines, Roster))


def test_slots_plans_and_voices_of_a_checks_endpoint_are_sent_to_nobody() -> None:
    scene = Scene()
    scene.operator()
    delegate = scene.enter(NHI)
    scene.check(delegate)
    scene.forget()
    me = EndpointId(f"check-{delegate}")
    scene.report(sfu.SlotsChanged(me, ()))
    scene.report(sfu.SendPlan(me, ("q",), (), red=False))
    scene.report(sfu.FlowChanged(me, Source.CAMERA, flowing=True))
    scene.report(sfu.SpeakersChanged(scene.room.state.room_id, (me,), me))
    assert all(not getattr(message, "heard", ()) for told in scene.told.values() for message in told)
    assert scene.room.state.lines == {}


def test_a_check_goes_on_in_the_lobby_and_ends_with_admission() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(NHI)
    scene.check(delegate)
    scene.say(delegate, Knock(None, "YS. G.A.P."))
    assert running(scene) == [delegate]
    scene.say(operator, Admit(scene.id(delegate)))
    assert closed(scene) == [f"check-{delegate}"]
    assert scene.last(delegate, CheckOver) == CheckOver(Why.CHECK_ENDED)
    assert f"check-{delegate}" not in scene.endpoints
    scene.say(delegate, EndCheck())  # it crossed the admission


def test_a_page_ends_its_check_without_an_answer() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.check(delegate)
    scene.say(delegate, EndCheck())
    assert (closed(scene), running(scene)) == ([f"check-{delegate}"], [])
    assert not scene.heard(delegate, CheckOver)
    scene.say(delegate, EndCheck())
    assert closed(scene) == []


def test_a_check_ends_with_its_session() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.check(delegate)
    scene.drop(delegate)
    assert (closed(scene), running(scene)) == ([f"check-{delegate}"], [])


def test_another_device_of_the_account_ends_the_check() -> None:
    scene = Scene()
    first = scene.enter(NHI)
    scene.check(first)
    scene.enter(NHI)
    assert (closed(scene), running(scene)) == ([f"check-{first}"], [])


def test_a_page_that_comes_back_before_its_loss_was_noticed_is_told_that_its_check_is_over() -> None:
    scene = Scene()
    first = scene.enter(NHI)
    scene.check(first)
    again = scene.enter(NHI, resume=first)
    assert scene.last(again, CheckOver) == CheckOver(Why.CHECK_ENDED)


def test_a_check_ends_with_the_meeting() -> None:
    scene = Scene()
    delegate, chair = scene.enter(NHI), scene.inside(CHAIR)
    scene.check(delegate)
    scene.say(chair, EndMeeting())
    assert (closed(scene), running(scene)) == ([f"check-{delegate}"], [])


def test_a_check_ends_after_fifteen_seconds() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.check(delegate)
    assert scene.room.next_deadline() == scene.now_s + 15
    scene.wait(14.9)
    assert running(scene) == [delegate]
    scene.wait(0.2)
    assert closed(scene) == [f"check-{delegate}"]
    assert scene.last(delegate, CheckOver) == CheckOver(Why.CHECK_ENDED)
    assert scene.room.next_deadline() is None


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (sfu.Failed(Failure.BAD_OFFER), Why.BAD_OFFER),
        (sfu.Failed(Failure.FULL), Why.CHECKS_FULL),
        (None, Why.MEDIA_UNAVAILABLE),
    ],
)
def test_a_bad_offer_is_refused_by_its_number_and_leaves_nothing_open(
    result: sfu.AnyResult | None, why: Why
) -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.say(delegate, CheckLine("nonsense", id=9))
    scene.answer(delegate, result)
    assert scene.last(delegate, Refusal) == Refusal("check-line", why, 9)
    assert (closed(scene), running(scene)) == ([f"check-{delegate}"], [])


def test_an_answer_that_comes_too_late_is_sent_to_nobody() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.say(delegate, CheckLine("v=0"))
    asked = scene.effects
    scene.say(delegate, EndCheck())
    scene.effects = asked
    scene.answer(delegate, sfu.Opened("v=0 answer", SLOTS))
    assert not scene.heard(delegate, Answer)


def test_a_closed_transport_or_a_dead_worker_ends_the_check() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.check(delegate)
    scene.report(sfu.EndpointChanged(EndpointId(f"check-{delegate}"), EndpointState.CLOSED))
    assert scene.last(delegate, CheckOver) == CheckOver(Why.MEDIA_UNAVAILABLE)
    scene.now_s += 5
    scene.check(delegate)
    scene.worker_restarts()
    assert len(scene.heard(delegate, CheckOver)) == 2
    assert running(scene) == []


def test_people_inside_and_people_who_were_refused_cannot_check_their_line() -> None:
    scene = Scene()
    inside = scene.inside(NHI)
    assert scene.refused(inside, CheckLine("v=0")) is Why.OUT_OF_ORDER


def test_an_account_can_begin_a_check_every_five_seconds_even_with_new_sessions() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.check(delegate)
    assert scene.refused(delegate, CheckLine("v=0")) is Why.TOO_FAST
    scene.drop(delegate)
    again = scene.enter(NHI)
    assert scene.refused(again, CheckLine("v=0")) is Why.TOO_FAST
    scene.now_s += 5
    scene.check(again)
    assert len(scene.room.state.facts.checked_s) == 1


def test_the_ninth_check_is_refused_until_one_ends() -> None:
    scene = Scene()
    sessions = [scene.enter(account(f"d{n}")) for n in range(9)]
    for session in sessions[:8]:
        scene.check(session)
    assert scene.refused(sessions[8], CheckLine("v=0")) is Why.CHECKS_FULL
    scene.now_s += 5
    scene.check(sessions[0])  # one that runs may begin anew
    scene.say(sessions[3], EndCheck())
    scene.check(sessions[8])


def test_checks_in_other_rooms_of_the_server_count() -> None:
    scene = Scene(limits=replace(DEFAULT, checks=2))
    scene.room.state.checks_elsewhere = lambda: 1
    first, second = scene.enter(NHI), scene.enter(NOI)
    scene.check(first)
    assert scene.refused(second, CheckLine("v=0")) is Why.CHECKS_FULL


def test_a_person_who_withdraws_can_still_check() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.say(delegate, Knock(None, "YS. G.A.P."))
    scene.check(delegate)
    scene.say(delegate, Withdraw())
    assert running(scene) == [delegate]


def test_a_session_that_is_gone_cannot_begin_a_check() -> None:
    scene = Scene()
    delegate = scene.enter(NHI)
    scene.apply(Dropped(delegate))
    assert scene.apply(Said(delegate, CheckLine("v=0"))) == Refused(Why.OUT_OF_ORDER)
