"""Whether a run is recorded.

What the chair ordered is part of the run's record (`RunRecording`); what the recorder reports is in
`State.recorder`, which a restart forgets. Rules change the record. The sweep asks the recorder for what the
record says, as often as needed, so nothing is lost when either of them goes away in between.

The light (`views/recording.py`) is careful: it goes on before the first order is sent, and goes off only when
the recorder has said that nothing is written any more.
"""

from dataclasses import replace

from msgspec.structs import replace as changed

import recorder
from recorder import RecordingId, Stage
from sfu import EndpointId
from signaling import protocol as m
from signaling.model.ids import Instant
from signaling.model.run import RunRecording
from signaling.model.text import one_line
from signaling.model.words import RecordingTrouble, Why
from signaling.room.state.effects import Effect, KeepRun, Outcome, Record, Refused
from signaling.room.state.facts import RecorderStatus
from signaling.room.state.notes import note
from signaling.room.state.seat import Seat
from signaling.room.state.state import State

EMPTY_S = 300.0
"""The recording ends after nobody has been inside for this long: as long as a seat is kept."""
RETRY_S = 10.0
"""How long to wait before asking the recorder again for something it has not done."""
LOST_S = 10.0
"""A restarted recorder is back sooner; after this, people are told."""
ANSWER_S = 15.0
"""A recorder that was asked to begin reports within this time: it reports every ten seconds."""
SILENT_S = 30.0
"""Three of its reports, which come every ten seconds."""
SEEN_MS = 60_000
"""A restart knows this exactly until when somebody was inside."""
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
        return _end(state, state.run.recording, now, "asked", seat)
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


# --- what follows ---


def sweep(state: State, now: Instant) -> tuple[Effect, ...]:
    """Runs after each input: end what must not go on, and ask the recorder for what it does not do yet."""
    recording = state.run.recording
    ended: tuple[Effect, ...] = ()
    if recording is not None:
        why = _must_end(state, now)
        if why:
            ended = _end(state, recording, now, why)
        else:
            return _bring_about(state, recording, now)
    live, closing = state.recorder, state.recorder.closing
    if closing is None:
        return ended
    if now.s >= live.until_s:
        state.recorder = replace(live, closing=None)
    elif live.up and _may_ask(live, now):
        state.recorder = replace(live, asked_s=now.s)
        return (*ended, Record(recorder.Stop(closing.id), at_once=True))
    return ended


def _must_end(state: State, now: Instant) -> str:
    """Why the recording must end, as the audit log says it; "": it need not."""
    empty_s = state.recorder.empty_s
    if state.ended:
        return "meeting-ended"
    if not state.meeting.may_record:
        return "forbidden"
    return "empty" if empty_s is not None and now.s >= empty_s + EMPTY_S else ""


def _end(
    state: State, recording: RunRecording, now: Instant, why: str, by: Seat | None = None
) -> tuple[Effect, ...]:
    """The sweep sends the order. A recorder that is away will have ended it by itself by `until_s`."""
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


def _bring_about(state: State, recording: RunRecording, now: Instant) -> tuple[Effect, ...]:
    live = state.recorder
    here = any(seat.online for seat in state.admitted())
    if here and not 0 <= now.unix_ms - recording.seen_ms < SEEN_MS:
        state.run = changed(state.run, recording=changed(recording, seen_ms=now.unix_ms))
    empty_s = None if here else now.s if live.empty_s is None else live.empty_s
    live = replace(live, empty_s=empty_s, missing=now.s >= _missing_s(live))
    effects: list[Effect] = []
    order = _due(state, recording, live)
    if order is not None and _may_ask(live, now):
        effects.append(Record(order, at_once=isinstance(order, recorder.Pause) and order.on))
        fresh = isinstance(order, recorder.Start)
        people = None if fresh else live.people
        live = replace(live, asked_s=now.s, begun=True, paused=recording.paused, people=people)
    told = _people(state, recording)
    if live.begun and told != live.people:
        effects.append(Record(told))
        live = replace(live, people=told)
    if live != state.recorder:  # the same object tells the views that nothing has changed
        state.recorder = live
    return tuple(effects)


def _due(
    state: State, recording: RunRecording, live: RecorderStatus
) -> recorder.Start | recorder.Pause | None:
    """What to ask the recorder for. Recording does not begin in an empty room: nobody would know."""
    if not live.up:
        return None
    if live.begun and recording.paused is not live.paused:
        return recorder.Pause(recording.id, recording.paused)
    if live.told:
        so = recording.paused is (live.stage is Stage.PAUSED)
        return None if so else recorder.Pause(recording.id, recording.paused)
    if live.empty_s is not None:
        return None
    return recorder.Start(
        recording=recording.id,
        room=state.room_id,
        meeting=state.meeting.code,
        title=state.meeting.title,
        recipients=recording.keys,
        worker=state.worker,
        paused=recording.paused,
    )


def _may_ask(live: RecorderStatus, now: Instant) -> bool:
    return live.asked_s is None or now.s >= live.asked_s + RETRY_S


def _missing_s(live: RecorderStatus) -> float:
    """When the recorder counts as gone if it is not heard from until then."""
    return live.heard_s + (SILENT_S if live.told else ANSWER_S if live.up else LOST_S)


def _people(state: State, recording: RunRecording) -> recorder.People:
    inside = {seat.id: seat for seat in state.admitted()}
    people = tuple(
        recorder.Person(EndpointId(seat.id), seat.name, _unit(state, seat))
        for seat in sorted(inside.values(), key=lambda seat: seat.id)
    )
    holders = (inside[turn.participant] for turn in state.run.turns if turn.participant in inside)
    return recorder.People(recording.id, people, tuple(EndpointId(seat.id) for seat in holders))


def _unit(state: State, seat: Seat) -> str:
    unit = state.units.get(seat.unit)
    return "" if unit is None else unit.name


def next_deadline(state: State) -> float | None:
    live = state.recorder
    deadlines: list[float | None] = []
    if state.run.recording is not None:
        deadlines.append(None if live.missing else _missing_s(live))
        deadlines.append(None if live.empty_s is None else live.empty_s + EMPTY_S)
        asks = _due(state, state.run.recording, live) is not None
        deadlines.append(None if live.asked_s is None or not asks else live.asked_s + RETRY_S)
    if live.closing is not None:
        deadlines.append(live.until_s)
        deadlines.append(None if live.asked_s is None or not live.up else live.asked_s + RETRY_S)
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


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
