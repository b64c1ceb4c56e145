"""Whether a run is recorded.

What the chair ordered is part of the run's record (`RunRecording`); what the recorder reports is in
`State.recorder`, which a restart forgets. The rules here change both. `recorder_orders.sweep` then asks the
recorder for what the record says, as often as needed, so nothing is lost when either of them goes away.

The light (`views/recording.py`) is careful: it goes on before the first order is sent, and goes off only when
the recorder has said that nothing is written any more.
"""

from dataclasses import replace

from msgspec.structs import replace as changed

import recorder
from recorder import RecordingId, Stage
from signaling import protocol as m
from signaling.model.ids import Instant
from signaling.model.run import RunRecording
from signaling.model.text import one_line
from signaling.model.words import RecordingTrouble, Why
from signaling.room.state.effects import Effect, KeepRun, Outcome, Record, Refused
from signaling.room.state.notes import note
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

MAX_MINUTES_LEFT = 600
_OVER = (Stage.ENDED, Stage.FAILED)


# --- what people do ---


def start(state: State, seat: Seat, _: m.StartRecording, now: Instant) -> Outcome:
    """The order is sent after this is stored and the light is on."""
    live = state.recorder
    if not state.meeting.may_record:
        return Refused(Why.RECORDING_FORBIDDEN)
    if state.run.recording is not None:
        return Refused(Why.ALREADY_RECORDING)
    if all(recipient.second for recipient in state.recipients):
        return Refused(Why.NO_RECIPIENT)
    if not live.up:
        return Refused(Why.RECORDER_UNAVAILABLE)
    if live.closing is not None:
        return Refused(Why.ALREADY_RECORDING)
    begun = RunRecording(
        id=recorder.new_id(state.meeting.code, now.unix_ms, f"{seat.id} {state.run.next_number}"),
        by=seat.account.id,
        since_ms=now.unix_ms,
        keys=state.recipients,
        seen_ms=now.unix_ms,
    )
    state.run = changed(state.run, recording=begun, next_number=state.run.next_number + 1)
    state.recorder = replace(
        live,
        missing=False,
        stage=Stage.STARTING,
        trouble=RecordingTrouble.NONE,
        written_bytes=0,
        minutes_left=-1,
        failed=None,
        heard_s=now.s,
        asked_s=None,
    )
    return KeepRun(first=True), note("recording-started", seat, None, _key_names(begun), recording=begun.id)


def stop(state: State, seat: Seat, _: m.StopRecording, now: Instant) -> Outcome:
    """End the recording; of one that has failed, dismiss the message."""
    if state.run.recording is not None:
        return end(state, state.run.recording, now, "asked", seat)
    if state.recorder.failed is None:
        return Refused(Why.NOT_RECORDING)
    state.recorder = replace(state.recorder, failed=None, trouble=RecordingTrouble.NONE)
    return ()


def pause(state: State, seat: Seat, message: m.PauseRecording, _: Instant) -> Outcome:
    recording = state.run.recording
    if recording is None:
        return Refused(Why.NOT_RECORDING)
    if recording.paused is message.on:
        return ()
    state.run = changed(state.run, recording=changed(recording, paused=message.on))
    live = state.recorder
    # A paused recorder may be writing again from now on, so its last report is out of date.
    stage = Stage.ON if live.stage is Stage.PAUSED else live.stage
    state.recorder = replace(live, stage=stage, asked_s=None)
    event = "recording-paused" if message.on else "recording-resumed"
    return (note(event, seat, recording=recording.id),)


def mark(state: State, seat: Seat, message: m.MarkRecording, _: Instant) -> Outcome:
    recording = state.run.recording
    if recording is None:
        return Refused(Why.NOT_RECORDING)
    if not state.recorder.begun:
        return Refused(Why.RECORDER_UNAVAILABLE)
    text = one_line(message.text)
    order = recorder.Mark(recording.id, seat.name, text)
    return Record(order), note("recording-marked", seat, None, ("text", text), recording=recording.id)


# --- what the recorder says ---


def recorded(state: State, status: recorder.Status, now: Instant) -> Outcome:
    """The recorder reports on one recording. The server deals with recordings that no room knows."""
    live, recording = state.recorder, state.run.recording
    over = not goes_on(status)
    if live.closing is not None and status.recording == live.closing.id and over:
        state.recorder = replace(live, closing=None)
    if recording is None or status.recording != recording.id:
        return ()
    trouble = RecordingTrouble(status.trouble.value)
    if status.stage is Stage.ENDED and not trouble:
        # Its process was told to stop. The chair has not ended this, so it begins again when that is back.
        state.recorder = replace(live, told=False, begun=False, asked_s=now.s, heard_s=now.s)
        return ()
    if over:
        trouble = trouble or RecordingTrouble.UNAVAILABLE
        state.run = changed(state.run, recording=None)
        state.recorder = replace(
            live, failed=recording, trouble=trouble, begun=False, told=False, missing=False
        )
        return (note("recording-failed", None, recording=recording.id, trouble=trouble.value),)
    state.recorder = replace(
        live,
        stage=status.stage,
        trouble=trouble,
        written_bytes=status.written_bytes,
        minutes_left=_rounded(status.minutes_left),
        told=True,
        begun=True,
        paused=live.paused if live.begun else status.stage is Stage.PAUSED,
        heard_s=now.s,
    )
    return ()


def recorder_back(state: State, statuses: tuple[recorder.Status, ...], now: Instant) -> Outcome:
    """The recorder answers, for the first time or again, and these recordings go on."""
    live = replace(state.recorder, missing=False)
    going = {status.recording: status for status in statuses if goes_on(status)}
    closing = live.closing if live.closing is not None and live.closing.id in going else None
    state.recorder = replace(
        live, up=True, told=False, begun=False, asked_s=None, heard_s=now.s, people=None, closing=closing
    )
    mine = None if state.run.recording is None else going.get(state.run.recording.id)
    return () if mine is None else recorded(state, mine, now)


def recorder_gone(state: State, now: Instant) -> Outcome:
    """The recorder does not answer. The light stays as it is for a moment: it may be back at once."""
    state.recorder = replace(state.recorder, up=False, told=False, begun=False, heard_s=now.s)
    return ()


def knows(state: State, recording: RecordingId) -> bool:
    """A recording that no room knows has to end."""
    known = (state.run.recording, state.recorder.closing)
    return not state.ended and any(one is not None and one.id == recording for one in known)


def end(
    state: State, recording: RunRecording, now: Instant, why: str, by: Seat | None = None
) -> tuple[Effect, ...]:
    """End a recording; why: in the audit log's words. The sweep of `recorder_orders` sends the order. A
    recorder that is away will have ended it by itself by `until_s`."""
    live = state.recorder
    state.run = changed(state.run, recording=None)
    state.recorder = replace(
        live,
        closing=recording,
        until_s=(now.s if live.up else live.heard_s) + recorder.ORPHAN_S,
        asked_s=None,
        people=None,
        begun=False,
        told=False,
        empty_s=None,
    )
    written = live.written_bytes
    # "octets" is the audit log's older word for bytes.
    return (note("recording-stopped", by, recording=recording.id, why=why, octets=written),)


def _rounded(minutes: int) -> int:
    """Exact only where it matters, because every change is sent to everybody."""
    if minutes < 60:
        return max(-1, minutes)
    return min(MAX_MINUTES_LEFT, minutes - minutes % 60)


def _key_names(recording: RunRecording) -> tuple[str, str]:
    return "keys", ", ".join(key.name for key in recording.keys)


def goes_on(status: recorder.Status) -> bool:
    return status.stage not in _OVER


def closing_fields(status: recorder.Status) -> tuple[tuple[str, str | int], ...]:
    """What the audit log keeps about a recording that has ended: its length, and the last hash of its
    manifest, so that it cannot be replaced by another one."""
    return (
        ("recording", status.recording),
        ("octets", status.written_bytes),
        ("head", status.head),
        ("trouble", status.trouble.value),
    )
