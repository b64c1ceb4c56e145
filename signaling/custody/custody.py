"""How long recordings are kept, as the meeting's rules say. Pure."""

from collections.abc import Collection, Iterable, Mapping

from recorder import RecordingId
from recorder.shelf import ShelvedRecording

DAY_MS = 86_400_000
MIN_LAST_MS = 1_735_689_600_000
"""2025: no recording is older than this program. One that seems so was made while the clock was wrong. Nobody
knows how old it is, and it is not deleted by itself."""


def delete_ms(recording: ShelvedRecording, keep_days: int) -> int:
    """When it is to be deleted, in Unix time, counted from its last write; 0: never."""
    dated = recording.last_ms >= MIN_LAST_MS
    return recording.last_ms + keep_days * DAY_MS if keep_days > 0 and dated else 0


def due(
    shelf: Iterable[ShelvedRecording],
    keep_days: Mapping[str, int],
    going_on: Collection[RecordingId],
    now_ms: int,
) -> tuple[ShelvedRecording, ...]:
    """The recordings whose time is over. Never one in progress, however long its meeting has been paused.

    keep_days: by the meeting's code; a meeting that is not in it keeps its recordings for ever.
    """
    over: list[ShelvedRecording] = []
    for recording in shelf:
        until_ms = delete_ms(recording, keep_days.get(recording.meeting, 0))
        if 0 < until_ms <= now_ms and recording.id not in going_on:
            over.append(recording)
    return tuple(over)
