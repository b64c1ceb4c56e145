"""The recording light as everybody is shown it. Pure."""

from recorder import Stage
from signaling import protocol as m
from signaling.model.words import RecordingState, RecordingTrouble
from signaling.room.state.state import State


def view(state: State) -> m.Recording:
    live = state.recorder
    shown = state.run.recording or live.closing or live.failed
    keys = state.recipients if shown is None else shown.keys
    trouble = RecordingTrouble.UNAVAILABLE if live.missing else live.trouble
    return m.Recording(
        state=_light(state),
        since_ms=0 if shown is None else shown.since_ms,
        keys=tuple(m.KeyView(key.name, key.second) for key in keys),
        minutes_left=-1 if shown is None else live.minutes_left,
        trouble=RecordingTrouble.NONE if shown is None else trouble,
        allowed=state.meeting.may_record,
    )


def _light(state: State) -> RecordingState:
    live, recording = state.recorder, state.run.recording
    if recording is None and live.closing is None:
        return RecordingState.OFF if live.failed is None else RecordingState.FAILED
    if live.missing:
        return RecordingState.FAILED
    if live.stage is Stage.PAUSED:
        going_on = recording is not None and not recording.paused
        return RecordingState.ON if going_on else RecordingState.PAUSED
    return RecordingState.STARTING if live.stage is Stage.STARTING else RecordingState.ON
