"""Seats survive lost lines, new devices and restarts, and end when they should."""

import sfu
from sfu import GateReason, Source
from signaling.model.ids import AccountId
from signaling.model.limits import DEFAULT
from signaling.model.words import Presence, SeatState, Why
from signaling.protocol import (
    EndMeeting,
    Kick,
    Knock,
    Leave,
    Lobby,
    MediaLost,
    Mute,
    Offer,
    Roster,
    SetSource,
    Slots,
    Unmute,
    Welcome,
)
from signaling.room.state.effects import Refused
from signaling.room.state.inputs import Dropped, SignedOut
from tests.support.control_room import CHAIR, OPERATOR, Scene, account

NHI = account("nhi")


def test_a_seat_is_kept_for_five_minutes_and_no_longer() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.drop(delegate)
    scene.wait(DEFAULT.seat_grace_s - 1)
    assert len(scene.roster(operator)) == 2
    assert scene.last(operator, Roster).participants[1].presence is not Presence.HERE
    scene.wait(1)
    assert len(scene.roster(operator)) == 1
    assert scene.endpoints == {}
    assert scene.last(scene.enter(NHI), Welcome).seat is SeatState.OUTSIDE


def test_a_participant_who_comes_back_in_time_is_inside_at_once_with_the_same_id() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    mine = scene.id(delegate)
    scene.drop(delegate)
    scene.wait(299)
    again = scene.enter(NHI)
    welcome = scene.last(again, Welcome)
    assert (welcome.seat, welcome.participant) == (SeatState.ADMITTED, mine)
    assert mine in scene.roster(again)


def test_the_media_of_a_participant_who_is_signed_out_end_at_once_and_the_seat_is_kept() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.apply(Dropped(delegate, Presence.LOST, signed_out=True))
    assert scene.endpoints == {}
    assert scene.last(operator, Roster).participants[1].presence is Presence.LOST
    again = scene.enter(NHI)
    assert scene.last(again, Welcome).seat is SeatState.ADMITTED
    assert scene.seat(again).gates.microphone == GateReason.SELF


def test_media_that_outlive_their_socket_do_not_outlive_the_sign_in() -> None:
    scene = Scene()
    delegate, other = scene.inside(NHI), scene.inside(account("noi"))
    for session in (delegate, other):
        scene.offer(session)
    scene.drop(delegate)
    assert len(scene.endpoints) == 2
    scene.apply(SignedOut(frozenset((NHI.id, AccountId("noi")))))
    assert list(scene.endpoints) == [scene.id(other)]  # its own session ends by itself
    again = scene.restarted()
    again.apply(SignedOut(frozenset((AccountId("noi"),))))
    assert again.endpoints == {}


def test_a_place_in_the_lobby_is_kept_longer_than_a_seat() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(NHI)
    scene.say(delegate, Knock(None, "BS. Hoa"))
    scene.drop(delegate)
    scene.wait(1799)
    (knock,) = scene.last(operator, Lobby).knocks
    assert not knock.online
    scene.wait(1)
    assert scene.lobby(operator) == []


def test_the_next_deadline_is_that_of_the_seat_that_has_been_away_longest() -> None:
    scene = Scene()
    scene.operator()
    delegate = scene.inside(NHI)
    assert scene.room.next_deadline() is None
    scene.drop(delegate)
    assert scene.room.next_deadline() == scene.now_s + DEFAULT.seat_grace_s


def test_a_second_device_takes_over_and_its_microphone_is_shut() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.offer(first)
    scene.say(first, SetSource(Source.MICROPHONE, True))
    second = scene.enter(NHI)
    assert scene.dismissed[first] is Why.TAKEN_OVER
    assert scene.endpoints == {}
    assert scene.seat(second).admitted
    scene.offer(second)
    assert scene.endpoints[scene.id(second)][Source.MICROPHONE] is GateReason.SELF


def test_the_same_page_on_a_new_socket_keeps_its_media_and_its_open_microphone() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.offer(first)
    scene.say(first, SetSource(Source.MICROPHONE, True))
    second = scene.enter(NHI, resume=first)  # the server has not noticed the drop yet
    assert scene.dismissed[first] is Why.TAKEN_OVER
    assert scene.endpoints[scene.id(second)][Source.MICROPHONE] is GateReason.OPEN
    assert scene.heard(second, Slots)
    assert not scene.heard(second, MediaLost)


def test_a_page_that_comes_back_by_itself_does_not_take_the_seat_from_the_phone() -> None:
    scene = Scene()
    computer = scene.inside(NHI)
    scene.drop(computer)
    phone = scene.enter(NHI)
    scene.offer(phone)
    assert scene.try_enter(NHI, resume=computer) == Refused(Why.TAKEN_OVER)
    assert phone not in scene.dismissed
    assert scene.id(phone) in scene.endpoints


def test_a_page_whose_welcome_was_lost_comes_back_with_the_session_it_knows() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.offer(first)
    scene.say(first, SetSource(Source.MICROPHONE, True))
    scene.enter(NHI, resume=first)
    third = scene.enter(NHI, resume=first)
    assert scene.endpoints[scene.id(third)][Source.MICROPHONE] is GateReason.OPEN


def test_a_page_whose_media_died_meanwhile_is_told() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.offer(first)
    scene.drop(first)
    scene.worker_restarts()
    assert scene.heard(scene.enter(NHI, resume=first), MediaLost)


def test_a_fresh_page_is_not_told_of_media_it_never_had() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.offer(first)
    scene.drop(first)
    assert not scene.heard(scene.enter(NHI), MediaLost)


def test_an_answer_lost_with_the_socket_is_asked_for_again() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.say(first, Offer("v=0"))
    scene.drop(first)
    assert scene.heard(scene.enter(NHI, resume=first), MediaLost)


def test_mute_by_a_host_survives_drop_takeover_leaving_and_readmission() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Mute(scene.id(delegate)))
    scene.drop(delegate)
    delegate = scene.enter(NHI)
    delegate = scene.enter(NHI)
    scene.say(delegate, Leave())
    delegate = scene.inside(NHI)
    assert scene.refused(delegate, SetSource(Source.MICROPHONE, True)) is Why.MUTED_BY_HOST
    scene.say(operator, Unmute(scene.id(delegate)))
    scene.say(delegate, SetSource(Source.MICROPHONE, True))


def test_a_participant_who_left_has_to_be_admitted_again() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, Leave())
    assert scene.dismissed[delegate] is Why.LEFT
    assert scene.endpoints == {}
    assert len(scene.roster(operator)) == 1
    again = scene.enter(NHI)
    scene.say(again, Knock(None, "Nhi"))
    assert scene.seat(again).waiting


def test_only_some_people_may_remove_others() -> None:
    scene = Scene()
    operator, chair, delegate = scene.operator(), scene.inside(CHAIR), scene.inside(NHI)
    assert scene.refused(operator, Kick(scene.id(chair), "vì thế")) is Why.NOT_ALLOWED
    assert scene.refused(operator, Kick(scene.id(operator), "vì thế")) is Why.NOT_ALLOWED
    assert scene.refused(delegate, Kick(scene.id(operator), "vì thế")) is Why.NOT_ALLOWED
    assert scene.refused(operator, Kick(scene.id(delegate), "")) is Why.REASON_MISSING
    scene.say(chair, Kick(scene.id(operator), "vì thế"))
    assert scene.dismissed[operator] is Why.KICKED


def test_the_end_closes_all_media_and_all_sessions() -> None:
    scene = Scene()
    operator, delegate, waiting = scene.operator(), scene.inside(NHI), scene.enter(account("cho"))
    scene.say(waiting, Knock(None, "Chờ"))
    scene.offer(delegate)
    scene.say(operator, EndMeeting())
    assert scene.endpoints == {}
    assert {scene.dismissed[s] for s in (operator, delegate, waiting)} == {Why.ENDED}
    assert scene.room.next_deadline() is None


def test_a_restart_forgets_no_seat() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Mute(scene.id(delegate), Source.CAMERA))
    knocking = [scene.enter(account(login)) for login in ("z", "y")]
    for session in knocking:
        scene.say(session, Knock(None, "Tên"))
    order = scene.lobby(operator)
    again = scene.restarted()
    operator = again.enter(OPERATOR)
    assert again.lobby(operator) == order
    muted = next(seat for seat in again.room.state.admitted() if seat.account.id == NHI.id)
    assert muted.gates.camera == GateReason.HOST | GateReason.SELF
    late = again.enter(account("late"))
    again.say(late, Knock(None, "Muộn"))
    assert again.lobby(operator) == [*order, again.id(late)]


def test_media_that_lived_through_a_restart_of_the_control_plane_goes_on() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.offer(first)
    again = scene.restarted()
    back = again.enter(NHI, resume=first)
    assert not again.heard(back, MediaLost)
    again.worker_restarts()
    assert again.heard(back, MediaLost)


def test_after_a_restart_of_the_control_plane_only_the_first_page_is_believed() -> None:
    scene = Scene()
    scene.offer(scene.inside(NHI))
    again = scene.restarted()
    again.enter(NHI, resume="a page")
    assert again.try_enter(NHI, resume="another page") == Refused(Why.TAKEN_OVER)


def test_an_account_that_only_looked_in_leaves_no_trace() -> None:
    scene = Scene()
    scene.drop(scene.enter(NHI))
    assert scene.room.state.seats == {}


def test_a_dismissed_session_is_not_heard_any_more() -> None:
    scene = Scene()
    first = scene.inside(NHI)
    scene.enter(NHI)
    assert scene.refused(first, Leave()) is Why.OUT_OF_ORDER
    scene.drop(first)
    assert scene.room.state.seats[NHI.id].online


def test_media_commands_name_the_participant() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    assert list(scene.endpoints) == [scene.id(delegate)]
    scene.report(sfu.EndpointChanged(scene.endpoint(delegate), sfu.EndpointState.CLOSED))
    assert scene.heard(delegate, MediaLost)
