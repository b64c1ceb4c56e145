"""The rules of recording: who starts it, what everybody is shown, what the recorder is told, what ends it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recorder
from recorder import Stage, Trouble, new_id
from recorder.shelf import is_id
from signaling import protocol as m
from signaling.model.ids import SessionId
from signaling.model.words import Code, RecordingState, RecordingTrouble, Why
from signaling.room.state.effects import KeepRun, Note, Record
from signaling.room.state.inputs import RecorderGone, Reread
from tests.support.control_room import CHAIR, MEETING, OPERATOR, Scene, account

pytestmark = pytest.mark.record

BOARD = recorder.Recipient("Ban Giám đốc", "age1board")
OFFICE = recorder.Recipient("Phòng Tổ chức", "age1office", second=True)


def briefing(meeting: Code = "giao-ban", keys: tuple[recorder.Recipient, ...] = (BOARD,)) -> Scene:
    return Scene(meeting=replace(MEETING, code=meeting), recipients=keys, recorder_up=True)


def recorded() -> tuple[Scene, SessionId]:
    """A briefing with a recorder, and its chair."""
    scene = briefing()
    chair = scene.inside(CHAIR)
    scene.say(chair, m.StartRecording())
    scene.recorder_says(Stage.STARTING)
    scene.recorder_says()
    return scene, chair


def light(scene: Scene, session: SessionId) -> RecordingState:
    return scene.last(session, m.Recording).state


def notes(scene: Scene) -> list[str]:
    return [effect.event for effect in scene.effects if isinstance(effect, Note)]


# --- who may, and when ---


def test_nothing_is_recorded_until_the_chair_says_so() -> None:
    scene = briefing()
    chair, delegate = scene.inside(CHAIR), scene.inside(account("nhi"))
    scene.wait(4000.0)
    assert scene.orders == []
    for session in (delegate, scene.operator()):
        for message in (m.StartRecording(), m.StopRecording(), m.PauseRecording(True)):
            assert scene.refused(session, message) is Why.NOT_ALLOWED
    scene.say(chair, m.StartRecording())
    (start,) = scene.ordered(recorder.Start)
    assert (start.meeting, start.title, start.room) == ("giao-ban", "Giao ban hằng ngày", "giao-ban")
    assert start.recipients == (BOARD,)


def test_the_present_chair_can_record_and_a_chair_who_gave_it_away_cannot() -> None:
    scene = briefing()
    chair, deputy = scene.inside(CHAIR), scene.inside(account("deputy"))
    scene.say(chair, m.HandChair(scene.id(deputy)))
    assert scene.refused(chair, m.StartRecording()) is Why.NOT_ALLOWED
    scene.say(deputy, m.StartRecording())
    assert len(scene.ordered(recorder.Start)) == 1


def test_a_meeting_that_forbids_recording_cannot_be_recorded_even_by_its_chair() -> None:
    scene = Scene(meeting=replace(MEETING, may_record=False), recipients=(BOARD,), recorder_up=True)
    chair = scene.inside(CHAIR)
    assert scene.refused(chair, m.StartRecording()) is Why.RECORDING_FORBIDDEN
    assert not scene.last(chair, m.Recording).allowed


@pytest.mark.parametrize("keys", [(), (OFFICE,)])
def test_without_a_key_of_the_first_lock_nothing_is_recorded(keys: tuple[recorder.Recipient, ...]) -> None:
    scene = briefing(keys=keys)
    assert scene.refused(scene.inside(CHAIR), m.StartRecording()) is Why.NO_RECIPIENT


def test_without_a_recorder_nothing_is_recorded() -> None:
    scene = Scene(recipients=(BOARD,))
    assert scene.refused(scene.inside(CHAIR), m.StartRecording()) is Why.RECORDER_UNAVAILABLE


def test_a_recording_is_started_once_and_ended_once() -> None:
    scene, chair = recorded()
    assert scene.refused(chair, m.StartRecording()) is Why.ALREADY_RECORDING
    scene.say(chair, m.StopRecording())
    assert scene.refused(chair, m.StopRecording()) is Why.NOT_RECORDING
    assert scene.refused(chair, m.PauseRecording(True)) is Why.NOT_RECORDING
    assert scene.refused(chair, m.MarkRecording("a")) is Why.NOT_RECORDING
    assert len(scene.ordered(recorder.Stop)) == 1


def test_a_recording_that_begins_after_another_has_a_new_id() -> None:
    scene, chair = recorded()
    scene.say(chair, m.StopRecording())
    scene.recorder_says()
    scene.say(chair, m.StartRecording())
    first, second = (start.recording for start in scene.ordered(recorder.Start))
    assert first != second


# --- the light ---


def test_the_light_is_stored_and_on_before_the_recorder_is_told() -> None:
    scene = briefing()
    chair = scene.inside(CHAIR)
    scene.say(chair, m.StartRecording())
    assert KeepRun(first=True) in scene.effects
    assert light(scene, chair) is RecordingState.STARTING
    starts = [e for e in scene.effects if isinstance(e, Record) and isinstance(e.order, recorder.Start)]
    assert [start.at_once for start in starts] == [False]  # after everybody was told
    assert notes(scene) == ["recording-started"]


def test_everybody_sees_the_light_in_the_green_room_and_the_lobby_too() -> None:
    scene, chair = recorded()
    inside, waiting, outside = (
        scene.inside(account("a")),
        scene.enter(account("b")),
        scene.enter(account("c")),
    )
    scene.say(waiting, m.Knock(None, "B"))
    for session in (chair, inside, waiting, outside):
        shown = scene.last(session, m.Recording)
        assert shown.state is RecordingState.ON
        assert shown.keys == (m.KeyView("Ban Giám đốc"),)
        assert shown.since_ms == 1_000_000
    scene.say(chair, m.PauseRecording(True))
    scene.recorder_says()
    assert {light(scene, one) for one in (chair, inside, waiting, outside)} == {RecordingState.PAUSED}


def test_before_a_recording_everybody_sees_whose_keys_would_lock_it() -> None:
    scene = briefing(keys=(BOARD, OFFICE))
    shown = scene.last(scene.inside(CHAIR), m.Recording)
    assert shown.keys == (m.KeyView("Ban Giám đốc"), m.KeyView("Phòng Tổ chức", second=True))
    assert (shown.state, shown.allowed, shown.minutes_left) == (RecordingState.OFF, True, -1)


def test_the_light_goes_off_only_when_nothing_is_written_any_more() -> None:
    scene, chair = recorded()
    scene.say(chair, m.PauseRecording(True))
    assert light(scene, chair) is RecordingState.ON
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.PAUSED
    scene.say(chair, m.PauseRecording(False))
    assert light(scene, chair) is RecordingState.ON  # before it writes
    scene.recorder_says()
    scene.say(chair, m.StopRecording())
    assert light(scene, chair) is RecordingState.ON
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.OFF


def test_pause_resume_and_pause_in_quick_succession_end_in_a_pause_that_shows() -> None:
    scene, chair = recorded()
    for on in (True, False, True):
        scene.say(chair, m.PauseRecording(on))
    newest = scene.ordered(recorder.Start)[-1].recording
    scene.recorder_says(Stage.PAUSED)
    scene.recorder_says(Stage.ON)
    scene.wait(10.0)
    assert scene.writing == {newest: True}
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.PAUSED


def test_orders_to_end_or_pause_are_sent_before_anything_else() -> None:
    scene, chair = recorded()
    for message in (m.PauseRecording(True), m.StopRecording()):
        scene.say(chair, message)
        assert [effect.at_once for effect in scene.effects if isinstance(effect, Record)] == [True]


def test_the_disks_time_is_sent_to_the_minute_only_where_it_matters() -> None:
    scene, chair = recorded()
    scene.forget()
    for minutes in (5000, 4000, 601, 599, 597, 61, 60, 59, 31, 28, 28):
        scene.recorder_says(minutes_left=minutes)
    assert [told.minutes_left for told in scene.heard(chair, m.Recording)] == [540, 60, 59, 31, 28]


# --- what the recorder is told ---


def test_the_recorder_knows_who_is_inside_and_who_has_the_floor() -> None:
    scene, chair = recorded()
    (first,) = scene.ordered(recorder.People)
    assert [(person.name, person.unit) for person in first.people] == [("Chair", "Ban Giám đốc")]
    station = scene.inside(account("tram", unit="ta-phin"))
    people = scene.ordered(recorder.People)[-1]
    assert ("Tram", "Trạm Y tế xã Tả Phìn") in [(person.name, person.unit) for person in people.people]
    scene.say(chair, m.Invite(scene.id(station)))
    assert scene.ordered(recorder.People)[-1].floor == (scene.id(station),)
    count = len(scene.ordered(recorder.People))
    scene.say(chair, m.SetRules(turn_s=60))
    assert len(scene.ordered(recorder.People)) == count  # the recorder knows all of it already


def test_chair_and_operator_can_mark_an_instant() -> None:
    scene, chair = recorded()
    operator = scene.operator()
    scene.say(chair, m.MarkRecording(" Ca  bệnh số 3 "))
    scene.say(operator, m.MarkRecording())
    assert [(mark.by, mark.text) for mark in scene.ordered(recorder.Mark)] == [
        ("Chair", "Ca bệnh số 3"),
        (scene.seat(operator).name, ""),
    ]
    assert scene.refused(scene.inside(account("nhi")), m.MarkRecording("a")) is Why.NOT_ALLOWED


def test_keys_that_change_meanwhile_lock_the_next_recording() -> None:
    scene, chair = recorded()
    scene.apply(Reread(scene.room.state.meeting, (OFFICE, BOARD)))
    assert scene.last(chair, m.Recording).keys == (m.KeyView("Ban Giám đốc"),)
    scene.recorder_crashes()
    scene.recorder_comes()
    assert scene.ordered(recorder.Start)[-1].recipients == (BOARD,)


# --- what ends it ---


def test_a_recording_ends_with_the_meeting() -> None:
    scene, chair = recorded()
    scene.say(chair, m.EndMeeting())
    assert scene.writing == {}
    assert "recording-stopped" in notes(scene)


def test_a_recording_ends_when_nobody_has_been_inside_for_five_minutes() -> None:
    scene, chair = recorded()
    scene.drop(chair)
    scene.wait(290.0)
    assert scene.writing
    scene.wait(10.0)
    assert scene.writing == {}


def test_people_who_come_back_in_time_find_the_recording_going_on() -> None:
    scene, chair = recorded()
    scene.drop(chair)
    scene.wait(290.0)
    back = scene.enter(CHAIR, resume=chair)
    scene.wait(290.0)
    assert scene.writing
    assert len(scene.ordered(recorder.Start)) == 1
    assert scene.last(back, m.Recording).state is not RecordingState.OFF


def test_a_recording_ends_when_the_terminal_forbids_it() -> None:
    scene, chair = recorded()
    scene.apply(Reread(replace(scene.room.state.meeting, may_record=False), (BOARD,)))
    assert scene.writing == {}
    scene.recorder_says()
    assert (light(scene, chair), scene.last(chair, m.Recording).allowed) == (RecordingState.OFF, False)


def test_a_full_disk_ends_the_recording_and_everybody_is_told_why() -> None:
    scene, chair = recorded()
    scene.writing.clear()
    scene.recorder_says(trouble=Trouble.DISK_FULL, minutes_left=0)
    shown = scene.last(chair, m.Recording)
    assert (shown.state, shown.trouble) == (RecordingState.FAILED, RecordingTrouble.DISK_FULL)
    assert notes(scene) == ["recording-failed"]
    scene.wait(100.0)
    assert len(scene.ordered(recorder.Start)) == 1  # it does not begin again by itself
    scene.say(chair, m.StopRecording())
    assert light(scene, chair) is RecordingState.OFF


# --- parts that go away and come back ---


def test_a_recorder_that_was_killed_goes_on_with_the_same_recording() -> None:
    scene, chair = recorded()
    scene.recorder_crashes()
    scene.wait(2.0)
    scene.recorder_comes()
    first, again = scene.ordered(recorder.Start)
    assert again == first
    assert scene.ordered(recorder.People)[-1].people
    scene.recorder_says()
    assert {told.state for told in scene.heard(chair, m.Recording)} == {
        RecordingState.OFF,
        RecordingState.STARTING,
        RecordingState.ON,
    }  # too short for anybody to notice


def test_a_pause_does_not_wait_for_the_recorder() -> None:
    scene = briefing()
    chair = scene.inside(CHAIR)
    scene.say(chair, m.StartRecording())
    scene.say(chair, m.PauseRecording(True))
    assert list(scene.writing.values()) == [True]
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.PAUSED
    assert len(scene.ordered(recorder.Pause)) == 1


def test_a_paused_recording_is_still_paused_when_the_recorder_is_back() -> None:
    scene, chair = recorded()
    scene.say(chair, m.PauseRecording(True))
    scene.recorder_crashes()
    scene.recorder_comes()
    assert scene.ordered(recorder.Start)[-1].paused


def test_everybody_is_told_when_the_recorder_does_not_come_back() -> None:
    scene, chair = recorded()
    scene.recorder_crashes()
    scene.wait(10.0)
    shown = scene.last(chair, m.Recording)
    assert (shown.state, shown.trouble) == (RecordingState.FAILED, RecordingTrouble.UNAVAILABLE)
    scene.recorder_comes()
    scene.recorder_says()
    shown = scene.last(chair, m.Recording)
    assert (shown.state, shown.trouble) == (RecordingState.ON, RecordingTrouble.NONE)


def test_everybody_is_told_when_the_recorder_falls_silent() -> None:
    scene, chair = recorded()
    scene.wait(30.0)
    assert light(scene, chair) is RecordingState.FAILED
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.ON


def test_a_recorder_that_does_not_obey_is_asked_again() -> None:
    scene = briefing()
    chair = scene.inside(CHAIR)
    scene.say(chair, m.StartRecording())
    scene.wait(9.0)
    assert len(scene.ordered(recorder.Start)) == 1
    scene.wait(1.0)
    assert len(scene.ordered(recorder.Start)) == 2
    scene.recorder_says()
    scene.wait(29.0)
    assert len(scene.ordered(recorder.Start)) == 2


def test_a_recording_ended_while_the_recorder_was_away_does_not_begin_again() -> None:
    scene, chair = recorded()
    scene.apply(RecorderGone())  # the connection is gone, and the recorder goes on writing
    scene.say(chair, m.StopRecording())
    assert light(scene, chair) is not RecordingState.OFF
    assert scene.refused(chair, m.StartRecording()) is Why.RECORDER_UNAVAILABLE
    scene.recorder_comes()
    assert scene.writing == {}
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.OFF


def test_a_recorder_that_never_comes_back_counts_as_having_ended_after_a_minute() -> None:
    scene, chair = recorded()
    scene.apply(RecorderGone())
    scene.say(chair, m.StopRecording())
    scene.wait(recorder.ORPHAN_S)
    assert light(scene, chair) is RecordingState.OFF


def test_a_recorder_that_was_told_to_stop_goes_on_when_it_is_back() -> None:
    scene, chair = recorded()
    scene.writing.clear()
    scene.recorder_says(Stage.ENDED)
    scene.recorder_crashes()
    scene.recorder_comes()
    assert len(scene.ordered(recorder.Start)) == 2
    scene.recorder_says()
    assert light(scene, chair) is RecordingState.ON


def test_a_restart_of_the_server_goes_on_with_what_the_recorder_writes() -> None:
    scene, chair = recorded()
    again = scene.restarted(after_s=3.0)
    again.recorder_comes()
    assert again.ordered(recorder.Start) == []
    back = again.enter(CHAIR, resume=chair)
    again.wait(1.0)
    assert again.last(back, m.Recording).state is RecordingState.ON
    assert again.last(back, m.Recording).since_ms == scene.last(chair, m.Recording).since_ms


def test_a_restart_of_everything_goes_on_as_soon_as_somebody_is_inside() -> None:
    scene, _ = recorded()
    scene.writing.clear()
    again = scene.restarted(after_s=20.0)
    again.recorder_comes()
    again.wait(20.0)
    assert again.orders == []  # nobody is there who could see the light
    again.enter(CHAIR)
    (start,) = again.ordered(recorder.Start)
    assert start.recording == scene.ordered(recorder.Start)[0].recording


def test_a_restart_the_next_day_does_not_record_by_itself() -> None:
    scene, _ = recorded()
    scene.writing.clear()
    again = scene.restarted(after_s=80_000.0)
    again.recorder_comes()
    chair = again.enter(CHAIR)
    assert again.ordered(recorder.Start) == []
    again.wait(60.0)
    assert light(again, chair) is RecordingState.OFF


def test_a_full_disk_does_not_keep_anybody_from_ending_a_recording() -> None:
    scene, chair = recorded()
    scene.say(chair, m.StopRecording())
    assert KeepRun(first=True) not in scene.effects


# --- what it is called ---


@given(st.integers(0, 4_000_000_000_000))
def test_a_recording_is_named_after_its_second(unix_ms: int) -> None:
    second = datetime.fromtimestamp(unix_ms // 1000, UTC)
    assert new_id("Giao_Ban.1", unix_ms, "a").startswith(f"{second:%Y%m%d-%H%M%S}-giao-ban-1-")


@given(st.from_regex(r"\A[A-Za-z0-9._-]{1,64}\Z"), st.text())
def test_its_name_can_be_a_folder(code: str, mark: str) -> None:
    name = new_id(code, 1_767_225_600_000, mark)
    assert len(name) <= 64
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert is_id(name)


def test_two_recordings_of_the_same_second_have_different_names() -> None:
    assert new_id("a", 0, "p1 1") != new_id("a", 0, "p1 2")


def test_every_trouble_of_the_recorder_can_be_shown_to_people() -> None:
    assert {word.value for word in Trouble} <= {word.value for word in RecordingTrouble}


def test_the_operator_cannot_record() -> None:
    scene = briefing()
    assert scene.refused(scene.inside(OPERATOR), m.StartRecording()) is Why.NOT_ALLOWED
