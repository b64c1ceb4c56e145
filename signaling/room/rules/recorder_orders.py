"""What the recorder is asked for, so that it does what the run's record says.

The sweep compares the record with the recorder's own reports after each input, and asks again when needed. A
recording that must not go on is ended here.
"""

from dataclasses import replace

from msgspec.structs import replace as changed

import recorder
from recorder import Stage
from sfu import EndpointId
from signaling.model.ids import Instant
from signaling.model.run import RunRecording
from signaling.room.rules.recording import end
from signaling.room.state.effects import Effect, Record
from signaling.room.state.facts import RecorderStatus
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


def sweep(state: State, now: Instant) -> tuple[Effect, ...]:
    """Runs after each input: end what must not go on, and ask the recorder for what it does not do yet."""
    recording = state.run.recording
    ended: tuple[Effect, ...] = ()
    if recording is not None:
        why = _must_end(state, now)
        if why:
            ended = end(state, recording, now, why)
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
