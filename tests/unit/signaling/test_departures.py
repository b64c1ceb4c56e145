"""How somebody left: with permission, without it, or because the line was lost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sfu
from sfu import EndpointState, Source
from signaling.model.ids import SessionId
from signaling.model.limits import DEFAULT
from signaling.model.words import DepartureKind, Permission, Presence, Why
from signaling.protocol import (
    Admit,
    Ask,
    CorrectDeparture,
    Decide,
    Departures,
    DepartureView,
    EndMeeting,
    Kick,
    Knock,
    Leave,
    Roster,
    SetSource,
)
from signaling.room.rules.departures import Way, Witness, judge
from signaling.room.state.effects import Note
from signaling.room.state.inputs import Dropped
from tests.support.control_room import CHAIR, OPERATOR, Scene, account

NHI = account("nhi")
CLOSED, BROKEN, SAID = Way.CLOSED, Way.BROKEN, Way.SAID
NONE, ALIVE, SILENT = Witness.NONE, Witness.ALIVE, Witness.SILENT


@pytest.mark.parametrize(
    ("way", "permitted", "media", "kind"),
    [
        (SAID, True, ALIVE, DepartureKind.PERMITTED),
        (SAID, False, ALIVE, DepartureKind.UNPERMITTED),
        (SAID, False, SILENT, DepartureKind.UNPERMITTED),  # the message came, so the line was there
        (CLOSED, True, ALIVE, DepartureKind.PERMITTED),
        (CLOSED, False, ALIVE, DepartureKind.UNPERMITTED),
        (CLOSED, False, NONE, DepartureKind.UNPERMITTED),
        (CLOSED, False, SILENT, DepartureKind.LOST),
        (BROKEN, False, ALIVE, DepartureKind.LOST),
        (BROKEN, False, SILENT, DepartureKind.LOST),
        (Way.REMOVED, True, ALIVE, DepartureKind.REMOVED),
        (Way.SENT_BACK, True, ALIVE, DepartureKind.SENT_BACK),
    ],
)
def test_the_table_of_evidence(way: Way, permitted: bool, media: Witness, kind: DepartureKind) -> None:
    assert judge(way, permitted, media) is kind


@given(st.sampled_from(list(Way)), st.booleans(), st.sampled_from(list(Witness)))
def test_nobody_is_blamed_for_a_lost_line_or_for_leaving_with_permission(
    way: Way, permitted: bool, media: Witness
) -> None:
    kind = judge(way, permitted, media)
    if kind is DepartureKind.UNPERMITTED:
        assert not permitted
        assert way is SAID or (way is CLOSED and media is not SILENT)
    assert (kind is DepartureKind.PERMITTED) <= permitted


def departures(scene: Scene) -> list[DepartureView]:
    return list(scene.last(scene.operator(), Departures).departures)


def kinds(scene: Scene) -> list[DepartureKind]:
    return [one.kind for one in departures(scene)]


def closes(scene: Scene, session: SessionId) -> None:
    """The page closes its socket."""
    scene.apply(Dropped(session, Presence.CLOSED))


def presence(scene: Scene) -> Presence:
    """The person who is not the operator, as the operator sees them."""
    participants = scene.last(scene.operator(), Roster).participants
    return next(p.presence for p in participants if p.name != OPERATOR.name)


def speaking(scene: Scene) -> SessionId:
    """A delegate whose open microphone is heard."""
    delegate = scene.inside(NHI)
    scene.offer(delegate)
    scene.say(delegate, SetSource(Source.MICROPHONE, True))
    scene.report(sfu.EndpointChanged(scene.endpoint(delegate), EndpointState.CONNECTED, "udp"))
    scene.report(sfu.FlowChanged(scene.endpoint(delegate), Source.MICROPHONE, True))
    return delegate


def permitted(scene: Scene, delegate: SessionId) -> None:
    scene.say(delegate, Ask(Permission.LEAVE, "Cấp cứu"))
    scene.say(scene.operator(), Decide(scene.id(delegate), Permission.LEAVE, True))


def test_leaving_with_permission_is_recorded_with_the_reason_given() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    permitted(scene, delegate)
    scene.say(delegate, Leave())
    (departure,) = departures(scene)
    assert (departure.kind, departure.reason) == (DepartureKind.PERMITTED, "Cấp cứu")
    assert (departure.unit, departure.name) == ("nhi", "Nhi")


def test_leaving_without_permission_is_recorded() -> None:
    scene = Scene()
    scene.say(scene.inside(NHI), Leave())
    assert kinds(scene) == [DepartureKind.UNPERMITTED]


def test_a_permission_to_leave_is_good_once() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    permitted(scene, delegate)
    scene.say(delegate, Leave())
    scene.say(scene.inside(NHI), Leave())
    assert kinds(scene) == [DepartureKind.PERMITTED, DepartureKind.UNPERMITTED]


def test_chair_and_operator_need_no_permission_to_leave() -> None:
    scene = Scene()
    scene.say(scene.inside(CHAIR), Leave())
    assert kinds(scene) == [DepartureKind.PERMITTED]


def test_a_closed_page_shows_at_once_and_is_recorded_when_nobody_comes_back() -> None:
    scene = Scene()
    delegate = speaking(scene)
    closes(scene, delegate)
    assert presence(scene) is Presence.CLOSED
    scene.wait(DEFAULT.closed_s - 1)
    assert scene.room.state.seats[NHI.id].admitted
    scene.wait(1)
    assert kinds(scene) == [DepartureKind.UNPERMITTED]
    assert scene.endpoints == {}
    again = scene.enter(NHI)
    scene.say(again, Knock(None, "Nhi"))
    assert scene.seat(again).waiting


def test_closing_the_page_with_permission_to_leave_is_no_offence() -> None:
    scene = Scene()
    delegate = speaking(scene)
    permitted(scene, delegate)
    closes(scene, delegate)
    scene.wait(DEFAULT.closed_s)
    (departure,) = departures(scene)
    assert (departure.kind, departure.reason) == (DepartureKind.PERMITTED, "Cấp cứu")


def test_a_reload_is_not_a_departure() -> None:
    scene = Scene()
    delegate = scene.inside(NHI)
    closes(scene, delegate)
    scene.wait(DEFAULT.closed_s - 1)
    assert scene.seat(scene.enter(NHI)).admitted
    scene.wait(600)
    assert kinds(scene) == []
    assert presence(scene) is Presence.HERE


def test_a_broken_socket_is_a_lost_line_for_as_long_as_the_seat_is_kept() -> None:
    scene = Scene()
    delegate = speaking(scene)
    scene.drop(delegate)
    assert presence(scene) is Presence.LOST
    scene.wait(DEFAULT.seat_grace_s - 1)
    assert kinds(scene) == []
    scene.wait(1)
    assert kinds(scene) == [DepartureKind.LOST]


def test_a_page_that_closes_on_a_dead_line_counts_as_lost() -> None:
    scene = Scene()
    delegate = speaking(scene)
    scene.report(sfu.EndpointChanged(scene.endpoint(delegate), EndpointState.LOST))
    closes(scene, delegate)
    assert presence(scene) is Presence.LOST
    scene.wait(DEFAULT.closed_s)
    assert scene.room.state.seats[NHI.id].admitted
    scene.wait(DEFAULT.seat_grace_s)
    assert kinds(scene) == [DepartureKind.LOST]


def test_an_open_microphone_that_fell_silent_before_means_a_lost_line() -> None:
    scene = Scene()
    delegate = speaking(scene)
    scene.report(sfu.FlowChanged(scene.endpoint(delegate), Source.MICROPHONE, False))
    closes(scene, delegate)
    assert presence(scene) is Presence.LOST


def test_a_microphone_that_its_person_shut_proves_nothing() -> None:
    scene = Scene()
    delegate = speaking(scene)
    scene.say(delegate, SetSource(Source.MICROPHONE, False))
    scene.report(sfu.FlowChanged(scene.endpoint(delegate), Source.MICROPHONE, False))
    closes(scene, delegate)
    assert presence(scene) is Presence.CLOSED


def test_a_picture_that_nobody_watched_proves_nothing() -> None:
    scene = Scene()
    delegate = speaking(scene)
    scene.say(delegate, SetSource(Source.CAMERA, True))
    for flowing in (True, False):
        scene.report(sfu.FlowChanged(scene.endpoint(delegate), Source.CAMERA, flowing))
    closes(scene, delegate)
    assert presence(scene) is Presence.CLOSED


@pytest.mark.parametrize(
    ("silent_s", "after_s", "seen"),
    [
        (12.0, 3.0, Presence.LOST),
        (12.0, 11.9, Presence.CLOSED),
        (5.5, 1.0, Presence.LOST),
        (5.5, 5.4, Presence.CLOSED),
    ],
)
def test_a_line_called_lost_just_after_the_close_was_silent_before_it(
    silent_s: float, after_s: float, seen: Presence
) -> None:
    scene = Scene()
    delegate = speaking(scene)
    endpoint = scene.endpoint(delegate)
    closes(scene, delegate)
    scene.wait(after_s)
    scene.report(sfu.EndpointChanged(endpoint, EndpointState.LOST, silent_s=silent_s))
    assert presence(scene) is seen


def test_a_line_that_the_media_plane_calls_lost_is_shown_so_before_its_socket_breaks() -> None:
    scene = Scene()
    operator = scene.operator()
    delegate = speaking(scene)
    endpoint = scene.endpoint(delegate)
    shown = scene.now.unix_ms
    scene.report(sfu.EndpointChanged(endpoint, EndpointState.LOST, silent_s=5.5))
    (row,) = (one for one in scene.last(operator, Roster).participants if one.id == endpoint)
    assert (row.presence, row.away) == (Presence.LOST, shown - 5500)
    scene.wait(600)
    assert kinds(scene) == []  # the seat is kept for as long as the socket is there
    scene.report(sfu.EndpointChanged(endpoint, EndpointState.CONNECTED))
    (row,) = (one for one in scene.last(operator, Roster).participants if one.id == endpoint)
    assert (row.presence, row.away) == (Presence.HERE, 0)


def test_the_chairs_closed_page_keeps_the_seat_like_a_lost_line() -> None:
    scene = Scene()
    scene.operator()
    chair = scene.inside(CHAIR)
    closes(scene, chair)
    scene.wait(DEFAULT.seat_grace_s - 1)
    assert scene.room.state.seats[CHAIR.id].admitted
    scene.wait(1)
    assert kinds(scene) == [DepartureKind.PERMITTED]


def test_people_who_do_not_come_back_after_a_restart_have_lost_the_line() -> None:
    scene = Scene()
    scene.operator()
    closes(scene, scene.inside(NHI))
    scene = scene.restarted()
    scene.enter(OPERATOR)
    assert presence(scene) is Presence.LOST
    scene.wait(DEFAULT.seat_grace_s)
    assert kinds(scene) == [DepartureKind.LOST]


def test_a_person_who_was_admitted_while_away_has_not_left() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.enter(NHI)
    scene.say(delegate, Knock(None, "Nhi"))
    closes(scene, delegate)
    scene.wait(100)
    scene.say(operator, Admit(scene.room.state.seats[NHI.id].id))
    scene.wait(DEFAULT.closed_s)
    assert scene.room.state.seats[NHI.id].admitted
    scene.wait(DEFAULT.seat_grace_s)
    assert kinds(scene) == [DepartureKind.LOST]


def test_removal_is_recorded_with_who_and_why() -> None:
    scene = Scene()
    operator, delegate = scene.operator(), scene.inside(NHI)
    scene.say(operator, Kick(scene.id(delegate), "Gây ồn"))
    (departure,) = departures(scene)
    assert (departure.kind, departure.reason) == (DepartureKind.REMOVED, "Gây ồn")
    notes = {effect.event: effect for effect in scene.effects if isinstance(effect, Note)}
    assert notes["kicked"].actor == notes["departed"].actor == OPERATOR.id
    assert notes["kicked"].words == (("reason", "Gây ồn"),)


def test_the_end_of_the_meeting_is_not_a_departure() -> None:
    scene = Scene()
    scene.inside(NHI)
    scene.say(scene.operator(), EndMeeting())
    assert not any(isinstance(e, Note) and e.event == "departed" for e in scene.effects)


def test_a_correction_is_kept_beside_the_judgement() -> None:
    scene = Scene()
    operator = scene.operator()
    scene.say(scene.inside(NHI), Leave())
    (departure,) = departures(scene)
    better = CorrectDeparture(departure.id, DepartureKind.PERMITTED, "Đã xin phép qua điện thoại")
    scene.say(operator, better)
    (note,) = (effect for effect in scene.effects if isinstance(effect, Note))
    assert note.event == "departure-corrected"
    assert dict(note.fields)["was"] == "unpermitted"
    scene = scene.restarted()
    (corrected,) = scene.last(scene.enter(OPERATOR), Departures).departures
    assert (corrected.kind, corrected.was) == (DepartureKind.PERMITTED, DepartureKind.UNPERMITTED)
    assert corrected.reason == "Đã xin phép qua điện thoại"


def test_a_correction_needs_a_departure_and_a_reason_and_staff() -> None:
    scene = Scene()
    operator, other = scene.operator(), scene.inside(account("noi", unit="noi"))
    scene.say(scene.inside(NHI), Leave())
    (departure,) = departures(scene)
    lost = DepartureKind.LOST
    assert scene.refused(operator, CorrectDeparture("d999", lost, "Mất điện")) is Why.UNKNOWN_DEPARTURE
    assert scene.refused(operator, CorrectDeparture(departure.id, lost, " ")) is Why.REASON_MISSING
    assert scene.refused(other, CorrectDeparture(departure.id, lost, "Mất điện")) is Why.NOT_ALLOWED


def test_departures_are_shown_to_staff_and_bounded() -> None:
    scene = Scene(limits=replace(DEFAULT, departures=2))
    other = scene.inside(account("noi", unit="noi"))
    for _ in range(3):
        scene.say(scene.inside(NHI), Leave())
    assert len({one.id for one in departures(scene)}) == 2
    assert not scene.heard(other, Departures)
